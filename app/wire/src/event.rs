//! Events of a project: what a tab hears over its one SSE connection.
//!
//! Each has a number, 1, 2, 3 … within the project, given in the transaction that made the change. A tab that knows
//! number N asks for what comes after N and misses nothing. The SSE field `id` is the number, `event` isn't used, and
//! `data` is a [`ProjectEvent`] as JSON.

use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::message::{Message, Part, ToolCallStatus};
use crate::session::{Session, SessionLogLine};
use crate::setting::AgentState;
use crate::turn::Turn;
use crate::workspace::Workspace;
use crate::{AgentId, MessageId, PartId, SessionId, TurnId, WorkspaceId};

mod fields;

/// An event of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", try_from = "fields::Fields")]
pub struct ProjectEvent {
    /// 1, 2, 3 … within the project.
    pub number: u64,
    /// What happened.
    #[serde(flatten)]
    pub change: Change,
}

/// What happened. Entities are whole, so applying an event twice does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Change {
    /// A workspace is new or changed.
    Workspace {
        /// The workspace as it now is.
        workspace: Workspace,
    },
    /// A workspace is gone.
    WorkspaceRemoved {
        /// Which.
        workspace_id: WorkspaceId,
    },
    /// An agent is new or changed.
    Agent {
        /// The agent as it now is.
        agent: Agent,
    },
    /// An agent is gone.
    AgentRemoved {
        /// Which.
        agent_id: AgentId,
    },
    /// A session is new or changed.
    Session {
        /// The session as it now is.
        session: Session,
    },
    /// A session is gone.
    SessionRemoved {
        /// Which.
        session_id: SessionId,
    },
    /// Building a sandbox printed a line.
    SessionLog {
        /// The session.
        session_id: SessionId,
        /// The line.
        line: SessionLogLine,
    },
    /// A turn is new or changed.
    Turn {
        /// The turn as it now is.
        turn: Turn,
    },
    /// A queued turn was deleted.
    TurnRemoved {
        /// The session.
        session_id: SessionId,
        /// Which turn.
        turn_id: TurnId,
    },
    /// A message is new.
    Message {
        /// The message with the parts it has so far.
        message: Message,
    },
    /// A part is new, or another than it was: take it instead of the one with its id, or put it at the message's end.
    Part {
        /// The session.
        session_id: SessionId,
        /// The message it belongs to.
        message_id: MessageId,
        /// The part as it now is. A tool call has the last lines of its output.
        part: Part,
    },
    /// A tool call's output or a text grew: everything from line or block `from` on is now `lines`.
    Output {
        /// The session.
        session_id: SessionId,
        /// The part of the tool call, the text or the reasoning.
        part_id: PartId,
        /// The first line of output, or block of text, that changed, counted from 0.
        from: u64,
        /// The lines or blocks from there on, as sanitised HTML.
        lines: Vec<String>,
    },
    /// A tool call's status changed.
    ToolCallStatus {
        /// The session.
        session_id: SessionId,
        /// The tool call's part.
        part_id: PartId,
        /// Its status.
        status: ToolCallStatus,
    },
    /// What is known about a session's agent changed: its settings, its commands, its usage.
    AgentState {
        /// The session.
        session_id: SessionId,
        /// What is known now.
        agent_state: AgentState,
    },
    /// The conversation was rewound, or that was undone, so that other messages are set aside: load the session again.
    Rewound {
        /// The session.
        session_id: SessionId,
    },
    /// Files of the session have changed since somebody last asked what changed: ask again.
    CodeChanged {
        /// The session.
        session_id: SessionId,
    },
    /// A terminal of the session was opened, renamed or closed: ask for them again.
    TerminalsChanged {
        /// The session.
        session_id: SessionId,
    },
    /// The network policy of the project, or what a workspace adds to it, is another: ask for it again.
    NetworkPolicy,
    /// The events after the number that the client gave are no longer kept: load the views again.
    Reset,
}

impl Change {
    /// The session whose transcript this change belongs to; none where every tab needs it.
    ///
    /// Tabs that show another session don't get such events.
    pub fn transcript_of(&self) -> Option<SessionId> {
        match self {
            Self::SessionLog { session_id, .. }
            | Self::TurnRemoved { session_id, .. }
            | Self::Part { session_id, .. }
            | Self::Output { session_id, .. }
            | Self::AgentState { session_id, .. }
            | Self::Rewound { session_id }
            | Self::CodeChanged { session_id }
            | Self::TerminalsChanged { session_id }
            | Self::ToolCallStatus { session_id, .. } => Some(*session_id),
            Self::Turn { turn } => Some(turn.session_id),
            Self::Message { message } => Some(message.session_id),
            Self::Workspace { .. }
            | Self::WorkspaceRemoved { .. }
            | Self::Agent { .. }
            | Self::AgentRemoved { .. }
            | Self::Session { .. }
            | Self::SessionRemoved { .. }
            | Self::NetworkPolicy
            | Self::Reset => None,
        }
    }
}
