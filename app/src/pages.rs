//! One file for each kind of view that has a URL.

pub mod agent;
pub mod agents;
pub mod credentials;
pub mod network;
pub mod not_found;
pub mod overview;
pub mod place;
pub mod project;
pub mod session;
pub mod title;
pub mod traffic;
pub mod workspace;
