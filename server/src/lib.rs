//! The Octobot server. `ARCHITECTURE.md` says what belongs in which module.

// A page is one nested type, and the compiler has to walk all of it.
#![recursion_limit = "512"]

pub mod backend;
pub mod bus;
pub mod claim;
pub mod clock;
pub mod config;
pub mod domain;
pub mod forge;
pub mod git;
pub mod http;
pub mod jobs;
pub mod outgoing;
pub mod problem;
pub mod render;
pub mod sandbox;
pub mod serve;
pub mod services;
pub mod store;
mod to_the_end;
pub mod trial;
pub mod vault;
