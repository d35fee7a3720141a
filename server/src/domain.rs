//! What Octobot is about: entities, their states and the rules for changing them.
//!
//! Everything here is pure: no I/O, no async, no clock and no randomness but as parameters. Ids and states that also
//! travel come from `octobot_wire`; how an entity travels is decided in its `to_wire`.

pub mod agent;
pub mod agent_type;
pub mod credential;
pub mod credential_type;
pub mod document;
pub mod forge;
pub mod injection;
pub mod job;
pub mod mcp_server;
pub mod network;
pub mod picture;
pub mod project;
pub mod proposal;
pub mod pull_request;
pub mod rewind;
pub mod session;
pub mod transcript;
pub mod turn;
pub mod workspace;

pub use agent::Agent;
pub use credential::Credential;
pub use job::{Job, JobKind};
pub use mcp_server::McpServer;
pub use network::{NetworkAdditions, NetworkPolicy};
pub use project::{Project, User};
pub use pull_request::PullRequest;
pub use rewind::Rewind;
pub use session::{Session, SessionGoal};
pub use transcript::{CallItem, Diff, File, Message, Part, PartContent, Permission, ToolCall};
pub use turn::Turn;
pub use workspace::{Workspace, WorkspaceGoal};

/// A change that the state of an entity doesn't allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{entity} is {state}, so it can't {change}")]
pub struct InvalidTransition {
    /// Which kind of entity, in the words of the UI.
    pub entity: &'static str,
    /// The state that it is in.
    pub state: &'static str,
    /// What was asked of it.
    pub change: &'static str,
}
