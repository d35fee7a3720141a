//! Use cases: what users and programs can do, each with its check of who may. No HTTP types and no SQL here.

mod agents;
mod asking;
mod attachments;
#[cfg(test)]
mod bench;
mod core;
mod credentials;
mod egress;
mod error;
mod follow;
mod ingest;
mod mcp_servers;
mod network;
mod news;
mod projects;
mod retelling;
mod sessions;
mod support;
mod traffic;
mod transcript;
mod turns;
mod workspaces;

pub use agents::AgentService;
pub use asking::Decision;
pub use attachments::{AttachmentError, Upload};
pub use core::{Core, Paths};
pub(crate) use credentials::session_variables;
pub use credentials::{CredentialService, InvalidCredential};
pub use egress::Egress;
pub use error::ServiceError;
pub use follow::Followers;
pub(crate) use ingest::close_parts;
pub use mcp_servers::InvalidMcpServer;
pub use network::NetworkService;
pub use news::{NewsCursor, PartNews, TurnNews};
pub use projects::ProjectService;
pub(crate) use retelling::retold;
pub use sessions::SessionService;
pub use support::Support;
pub use traffic::TrafficService;
pub use transcript::ProseForm;
pub(crate) use transcript::file_address;
pub use workspaces::WorkspaceService;
