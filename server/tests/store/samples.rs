//! Entities for tests, whose ids are small numbers, and how a test puts them into a store.

use octobot_server::domain::{Agent, PartContent, Session, ToolCall, Turn, Workspace};
use octobot_server::store::{Store, Tx};
use octobot_wire::agent::{AgentOptions, AgentTypeId};
use octobot_wire::message::ToolCallStatus;
use octobot_wire::tool::ToolKind;
use octobot_wire::workspace::WorkspaceSource;
use octobot_wire::{AgentId, MessageId, PartId, ProjectId, SessionId, Timestamp, TurnId, WorkspaceId};
use uuid::Uuid;

/// When tests happen, unless they say otherwise.
pub const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub fn local() -> ProjectId {
    ProjectId::local()
}

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub fn agent_id(number: u128) -> AgentId {
    AgentId::new(id(number))
}

pub fn workspace_id(number: u128) -> WorkspaceId {
    WorkspaceId::new(id(number))
}

pub fn session_id(number: u128) -> SessionId {
    SessionId::new(id(number))
}

pub fn turn_id(number: u128) -> TurnId {
    TurnId::new(id(number))
}

pub fn message_id(number: u128) -> MessageId {
    MessageId::new(id(number))
}

pub fn part_id(number: u128) -> PartId {
    PartId::new(id(number))
}

pub fn agent(number: u128) -> Agent {
    Agent {
        id: agent_id(number),
        project_id: local(),
        name: format!("Agent {number}"),
        agent_type: AgentTypeId::Shell,
        is_default: number == 1,
        setup_script: String::new(),
        options: AgentOptions::default(),
        created_at: NOW,
        updated_at: NOW,
    }
}

pub fn workspace(number: u128) -> Workspace {
    let source = WorkspaceSource::Folder { path: format!("/src/{number}") };
    Workspace::new(workspace_id(number), local(), format!("Workspace {number}"), source, NOW)
}

pub fn session(number: u128) -> Session {
    Session::new(session_id(number), local(), workspace_id(1), agent_id(1), NOW)
}

/// A tool call that shows nothing.
pub fn tool_call(status: ToolCallStatus) -> PartContent {
    PartContent::ToolCall(Box::new(ToolCall {
        tool: ToolKind::Execute,
        title: "Run".to_owned(),
        input: "ls\npwd".to_owned(),
        status,
        content: Vec::new(),
        locations: Vec::new(),
        tail: None,
    }))
}

/// A transaction that writes.
pub async fn begin(store: &Store) -> Tx {
    store.begin().await.unwrap()
}

/// Commits at [`NOW`].
pub async fn commit(tx: Tx) {
    tx.commit(NOW).await.unwrap();
}

/// The project `local` with agent 1.
pub async fn with_project(store: &Store) {
    let mut tx = begin(store).await;
    tx.ensure_local_project(&agent(1), NOW).await.unwrap();
    commit(tx).await;
}

/// The project `local` with agent 1, workspace 1 and session 1.
pub async fn with_session(store: &Store) {
    with_project(store).await;
    let mut tx = begin(store).await;
    tx.insert_workspace(&workspace(1)).await.unwrap();
    tx.insert_session(&session(1), None).await.unwrap();
    commit(tx).await;
}

/// Queues turn `number` of session 1.
pub async fn with_turn(store: &Store, number: u128, prompt: &str) -> Turn {
    let mut tx = begin(store).await;
    let turn = tx.insert_turn(turn_id(number), session_id(1), prompt, None, NOW).await.unwrap();
    commit(tx).await;
    turn
}
