//! Use cases: what users and programs can do, each with its check of who may. No HTTP types and no SQL here.

mod agents;
mod asking;
mod core;
mod error;
mod follow;
mod ingest;
mod projects;
mod retelling;
mod sessions;
mod support;
mod transcript;
mod turns;
mod workspaces;

pub use agents::AgentService;
pub use core::{Core, Paths};
pub use error::ServiceError;
pub use follow::Followers;
pub(crate) use ingest::close_parts;
pub use projects::ProjectService;
pub(crate) use retelling::retold;
pub use sessions::SessionService;
pub use support::Support;
pub use workspaces::WorkspaceService;
