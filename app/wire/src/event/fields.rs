//! Reading an event: all the fields that events have, of which its type says which ones matter.
//!
//! What serde derives for a flattened enum keeps the JSON in memory first, and for that brings a second reader of every
//! entity. In the page that is a lot of code.

use serde::Deserialize;

use super::{Change, ProjectEvent};
use crate::agent::Agent;
use crate::message::{Message, Part, ToolCallStatus};
use crate::session::{Session, SessionLogLine};
use crate::setting::AgentState;
use crate::turn::Turn;
use crate::workspace::Workspace;
use crate::{AgentId, MessageId, PartId, SessionId, TurnId, WorkspaceId};

/// An event without a field that its type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event has no `{0}`")]
pub(super) struct MissingField(&'static str);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fields {
    number: u64,
    #[serde(rename = "type")]
    kind: Kind,
    workspace: Option<Workspace>,
    workspace_id: Option<WorkspaceId>,
    agent: Option<Agent>,
    agent_id: Option<AgentId>,
    session: Option<Session>,
    session_id: Option<SessionId>,
    line: Option<SessionLogLine>,
    turn: Option<Turn>,
    turn_id: Option<TurnId>,
    message: Option<Message>,
    message_id: Option<MessageId>,
    part: Option<Part>,
    part_id: Option<PartId>,
    from: Option<u64>,
    lines: Option<Vec<String>>,
    status: Option<ToolCallStatus>,
    agent_state: Option<AgentState>,
}

/// The variants of [`Change`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Workspace,
    WorkspaceRemoved,
    Agent,
    AgentRemoved,
    Session,
    SessionRemoved,
    SessionLog,
    Turn,
    TurnRemoved,
    Message,
    Part,
    Output,
    ToolCallStatus,
    AgentState,
    Rewound,
    CodeChanged,
    TerminalsChanged,
    NetworkPolicy,
    Reset,
}

impl TryFrom<Fields> for ProjectEvent {
    type Error = MissingField;

    fn try_from(fields: Fields) -> Result<Self, MissingField> {
        Ok(Self { number: fields.number, change: fields.change()? })
    }
}

impl Fields {
    fn change(self) -> Result<Change, MissingField> {
        let session_id = || self.session_id.ok_or(MissingField("sessionId"));
        Ok(match self.kind {
            Kind::Workspace => Change::Workspace { workspace: self.workspace.ok_or(MissingField("workspace"))? },
            Kind::WorkspaceRemoved => {
                Change::WorkspaceRemoved { workspace_id: self.workspace_id.ok_or(MissingField("workspaceId"))? }
            }
            Kind::Agent => Change::Agent { agent: self.agent.ok_or(MissingField("agent"))? },
            Kind::AgentRemoved => Change::AgentRemoved { agent_id: self.agent_id.ok_or(MissingField("agentId"))? },
            Kind::Session => Change::Session { session: self.session.ok_or(MissingField("session"))? },
            Kind::SessionRemoved => Change::SessionRemoved { session_id: session_id()? },
            Kind::SessionLog => {
                Change::SessionLog { session_id: session_id()?, line: self.line.ok_or(MissingField("line"))? }
            }
            Kind::Turn => Change::Turn { turn: self.turn.ok_or(MissingField("turn"))? },
            Kind::TurnRemoved => {
                Change::TurnRemoved { session_id: session_id()?, turn_id: self.turn_id.ok_or(MissingField("turnId"))? }
            }
            Kind::Message => Change::Message { message: self.message.ok_or(MissingField("message"))? },
            Kind::Part => Change::Part {
                session_id: session_id()?,
                message_id: self.message_id.ok_or(MissingField("messageId"))?,
                part: self.part.ok_or(MissingField("part"))?,
            },
            Kind::Output => Change::Output {
                session_id: session_id()?,
                part_id: self.part_id.ok_or(MissingField("partId"))?,
                from: self.from.ok_or(MissingField("from"))?,
                lines: self.lines.ok_or(MissingField("lines"))?,
            },
            Kind::ToolCallStatus => Change::ToolCallStatus {
                session_id: session_id()?,
                part_id: self.part_id.ok_or(MissingField("partId"))?,
                status: self.status.ok_or(MissingField("status"))?,
            },
            Kind::AgentState => Change::AgentState {
                session_id: session_id()?,
                agent_state: self.agent_state.ok_or(MissingField("agentState"))?,
            },
            Kind::Rewound => Change::Rewound { session_id: session_id()? },
            Kind::CodeChanged => Change::CodeChanged { session_id: session_id()? },
            Kind::TerminalsChanged => Change::TerminalsChanged { session_id: session_id()? },
            Kind::NetworkPolicy => Change::NetworkPolicy,
            Kind::Reset => Change::Reset,
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn events_read_back_as_they_were_written() {
        let (session_id, part_id) = (SessionId::new(Uuid::from_u128(1)), PartId::new(Uuid::from_u128(2)));
        let changes = [
            Change::WorkspaceRemoved { workspace_id: WorkspaceId::new(Uuid::from_u128(3)) },
            Change::AgentRemoved { agent_id: AgentId::new(Uuid::from_u128(4)) },
            Change::SessionRemoved { session_id },
            Change::TurnRemoved { session_id, turn_id: TurnId::new(Uuid::from_u128(5)) },
            Change::Output { session_id, part_id, from: 3, lines: vec!["a".to_owned()] },
            Change::ToolCallStatus { session_id, part_id, status: ToolCallStatus::Cancelled { duration_ms: 7 } },
            Change::AgentState { session_id, agent_state: AgentState::default() },
            Change::Rewound { session_id },
            Change::CodeChanged { session_id },
            Change::TerminalsChanged { session_id },
            Change::NetworkPolicy,
            Change::Reset,
        ];
        for change in changes {
            let event = ProjectEvent { number: 9, change };
            let json = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<ProjectEvent>(&json).unwrap(), event, "{json}");
        }
    }

    #[test]
    fn an_event_without_what_its_type_has_is_refused() {
        let error = serde_json::from_str::<ProjectEvent>(r#"{"number":1,"type":"session"}"#).unwrap_err();
        assert!(error.to_string().contains("no `session`"), "{error}");
    }
}
