//! The transcript: messages and their parts, as the store keeps them.
//!
//! A tool call's output is kept as text, in chunks beside the part. What a page shows of it at first is rendered once.

use octobot_wire::message::{MessageRole, Output, ToolCallStatus};
use octobot_wire::{MessageId, PartId, SessionId, Timestamp, TurnId};

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The session it belongs to.
    pub session_id: SessionId,
    /// The turn that left it.
    pub turn_id: TurnId,
    /// 1, 2, 3 … within the session.
    pub number: u64,
    /// Who speaks.
    pub role: MessageRole,
    /// When it began.
    pub created_at: Timestamp,
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its id.
    pub id: PartId,
    /// 0, 1, 2 … within the message.
    pub position: u32,
    /// What it holds.
    pub content: PartContent,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartContent {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// A tool call; its output stands in chunks of its own.
    ToolCall {
        /// Its number within the turn, as the agent daemon counts.
        call: u32,
        /// One line that says what is done.
        title: String,
        /// What was given to the tool.
        input: String,
        /// Where it stands.
        status: ToolCallStatus,
        /// The end of its output, rendered once when the call ended; none while it runs.
        tail: Option<Output>,
    },
    /// Something went wrong in the turn.
    Error {
        /// What, for a person.
        text: String,
    },
}
