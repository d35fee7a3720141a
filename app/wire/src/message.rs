//! Messages and their parts: what a turn leaves in the transcript.

use serde::{Deserialize, Serialize};

use crate::{MessageId, PartId, SessionId, Timestamp, TurnId};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum MessageRole {
    /// The person who wrote the prompt.
    User,
    /// The agent.
    Agent,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
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
    /// What it says, in order.
    pub parts: Vec<Part>,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Its id.
    pub id: PartId,
    /// What it holds.
    pub body: PartBody,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum PartBody {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// Something that the agent did with a tool.
    ToolCall(ToolCall),
    /// Something went wrong in the turn.
    Error {
        /// What, for a person.
        text: String,
    },
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// One line that says what is done.
    pub title: String,
    /// What was given to the tool, for a shell the script.
    pub input: String,
    /// Where it stands.
    pub status: ToolCallStatus,
    /// What it printed.
    pub output: Output,
}

/// Where a tool call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "status", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ToolCallStatus {
    /// It runs.
    Running,
    /// It ended by itself.
    Exited {
        /// The exit status, 0 to 255.
        exit_code: u8,
        /// How long it ran.
        duration_ms: u64,
    },
    /// A signal ended it.
    Killed {
        /// The signal's number.
        signal: u8,
        /// How long it ran.
        duration_ms: u64,
    },
    /// A user stopped it.
    Cancelled {
        /// How long it ran.
        duration_ms: u64,
    },
    /// The sandbox went away while it ran.
    Interrupted,
}

/// Output of a tool call: lines of sanitised HTML, rendered by the server from text with ANSI colours.
///
/// The last line may still grow. A long output travels in part; the rest is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// How many lines there are in all.
    pub total_lines: u64,
    /// The number of the first line in `lines`, counted from 0.
    pub first_line: u64,
    /// The lines, each without its end.
    pub lines: Vec<String>,
}

impl Output {
    /// Replaces everything from line `from` on by `lines`; `from` may at most be one past the end.
    /// Lines before [`Output::first_line`] aren't held and stay so.
    pub fn splice(&mut self, from: u64, lines: &[String]) {
        if self.lines.is_empty() && self.total_lines <= from {
            self.first_line = from;
        }
        let skip = usize::try_from(self.first_line.saturating_sub(from)).unwrap_or(usize::MAX);
        let keep = usize::try_from(from.saturating_sub(self.first_line)).unwrap_or(usize::MAX);
        self.lines.truncate(keep);
        self.lines.extend(lines.iter().skip(skip).cloned());
        self.total_lines = from + lines.len() as u64;
    }
}

/// A page of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MessagePage {
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// How many messages there are before the first of them.
    pub earlier_messages: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&t| t.to_owned()).collect()
    }

    #[test]
    fn a_splice_replaces_the_tail_and_appends() {
        let mut output = Output::default();
        output.splice(0, &lines(&["a", "b"]));
        output.splice(1, &lines(&["bc", "d"]));
        assert_eq!(output, Output { total_lines: 3, first_line: 0, lines: lines(&["a", "bc", "d"]) });
    }

    #[test]
    fn a_splice_before_the_held_window_keeps_the_window() {
        let mut output = Output { total_lines: 5, first_line: 3, lines: lines(&["d", "e"]) };
        output.splice(2, &lines(&["c", "d", "E", "f"]));
        assert_eq!(output, Output { total_lines: 6, first_line: 3, lines: lines(&["d", "E", "f"]) });
    }
}
