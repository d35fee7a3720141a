//! Server functions: what the pages ask of the server, one call a file.
//!
//! They are public endpoints under `/api/fn`. Each takes the backend from the request's context and calls one port
//! with that request's caller; the port decides what the caller may do. No rule stands here.

mod agents;
mod code;
mod credentials;
pub mod encoding;
mod failure;
mod files;
mod network;
mod projects;
mod sessions;
mod terminals;
mod turns;
mod workspaces;

pub use agents::*;
pub use code::*;
pub use credentials::*;
pub use failure::Failure;
#[cfg(feature = "ssr")]
use failure::answer;
pub use files::*;
pub use network::*;
pub use projects::*;
pub use sessions::*;
pub use terminals::*;
pub use turns::*;
pub use workspaces::*;

/// Where the server functions are mounted.
pub const PREFIX: &str = "/api/fn";
