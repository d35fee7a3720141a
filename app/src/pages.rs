//! One file for each kind of view that has a URL.

pub mod agent;
pub mod agents;
pub mod credentials;
pub mod not_found;
pub mod overview;
pub mod project;
pub mod session;
pub mod workspace;
