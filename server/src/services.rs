//! Use cases: what users and programs can do, each with its check of who may. No HTTP types and no SQL here.

mod agents;
mod core;
mod error;
mod follow;
mod ingest;
mod projects;
mod sessions;
mod support;
mod transcript;
mod turns;
mod workspaces;

pub use agents::AgentService;
pub use core::{Core, Paths};
pub use error::ServiceError;
pub use follow::Followers;
pub use projects::ProjectService;
pub use sessions::SessionService;
pub use support::Support;
pub(crate) use transcript::{rendered, tail_of};
pub use workspaces::WorkspaceService;
