//! The types that cross a boundary: browser and server, programs and REST, server and agent daemon.
//!
//! Here belong ids, states, requests, answers, events and the problem that every failure is answered with. Here do
//! not belong: I/O, SQL rows, domain rules beyond parsing, or anything that doesn't compile to WASM.
//!
//! JSON uses camelCase names; enums with data are tagged objects; times are milliseconds since the Unix epoch.

pub mod agent;
pub mod attachment;
pub mod code;
pub mod credential;
pub mod daemon;
pub mod event;
pub mod form;
pub mod id;
pub mod launch;
pub mod mcp;
pub mod message;
pub mod name;
pub mod network;
pub mod path;
pub mod permission;
pub mod plan;
pub mod preferences;
pub mod problem;
pub mod project;
pub mod session;
pub mod setting;
mod tagged;
pub mod terminal;
pub mod time;
pub mod tool;
pub mod traffic;
pub mod turn;
pub mod usage;
pub mod value;
pub mod workspace;

pub use id::{
    AgentId, AttachmentId, CredentialId, McpServerId, MessageId, PartId, ProjectId, SessionId, TerminalId, TurnId,
    UserId, WorkspaceId,
};
pub use problem::{FieldProblem, Problem, ProblemKind};
pub use time::Timestamp;
