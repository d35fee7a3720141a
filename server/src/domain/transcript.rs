//! The transcript: messages and their parts, as the store keeps them.
//!
//! What grows, an answer or a tool call's output, is kept as text, in chunks beside the part. What a page shows of it at
//! first is rendered once. What a tool call shows beside its output is kept as it was rendered.

use octobot_wire::attachment::Attachment;
use octobot_wire::form::{Field, Filled};
use octobot_wire::message::{MessageRole, Output, ToolCallStatus};
use octobot_wire::permission::{PermissionKind, PermissionOption, PermissionState};
use octobot_wire::plan::PlanEntry;
use octobot_wire::tool::{Location, ToolKind};
use octobot_wire::usage::Usage;
use octobot_wire::{AttachmentId, MessageId, PartId, SessionId, Timestamp, TurnId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// What its turn cost: of an agent's message, once the turn has ended.
    pub usage: Usage,
    /// Whether it was set aside by rewinding.
    pub rewound: bool,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its id.
    pub id: PartId,
    /// The agent daemon's number for it within the turn; none for what the server adds.
    pub number: Option<u32>,
    /// 0, 1, 2 … within the message.
    pub position: u32,
    /// What it holds.
    pub content: PartContent,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartContent {
    /// Plain text: a prompt.
    Text {
        /// The text.
        text: String,
    },
    /// What the agent says, as Markdown in chunks.
    Answer {
        /// Its blocks, rendered once when the turn ended; none while it may grow.
        blocks: Option<Vec<String>>,
    },
    /// What the agent thinks, as Markdown in chunks.
    Reasoning {
        /// As with [`PartContent::Answer`].
        blocks: Option<Vec<String>>,
    },
    /// A tool call; its output stands in chunks.
    ToolCall(Box<ToolCall>),
    /// The agent's list of things to do.
    Plan {
        /// The things.
        entries: Vec<PlanEntry>,
    },
    /// A request for permission.
    Permission(Permission),
    /// An image or another file.
    File(File),
    /// Something that the user should know.
    Notice {
        /// What.
        text: String,
    },
    /// Something went wrong in the turn.
    Error {
        /// What, for a person.
        text: String,
        /// The credential that is missing or was refused.
        credential: Option<String>,
    },
}

/// A tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// What its tool does.
    pub tool: ToolKind,
    /// One line that says what is done.
    pub title: String,
    /// What was given to the tool.
    pub input: String,
    /// Where it stands.
    pub status: ToolCallStatus,
    /// What it shows, rendered.
    pub content: Vec<CallItem>,
    /// The places that it works on.
    pub locations: Vec<Location>,
    /// The end of its output, rendered once when the call ended; none while it runs.
    pub tail: Option<Output>,
}

/// Something that a tool call shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum CallItem {
    /// Markdown.
    Text {
        /// The text; empty where it was stored before texts were kept.
        #[serde(default)]
        text: String,
        /// Its blocks, rendered.
        blocks: Vec<String>,
    },
    /// A change of a file.
    Diff(Diff),
    /// An image or another file.
    File(File),
}

/// A change of a file, rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// The file: relative to the workspace if it is in it.
    pub path: String,
    /// How many lines are new.
    pub added: u32,
    /// How many lines are gone.
    pub removed: u32,
    /// The lines of a unified diff as sanitised HTML.
    pub lines: Vec<String>,
    /// Whether there is more than is shown.
    pub truncated: bool,
}

/// A request for permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The tool call that it is for.
    pub call: Option<PartId>,
    /// What the agent wants to do.
    pub title: String,
    /// The possible answers.
    pub options: Vec<PermissionOption>,
    /// The fields of a form; none of a mere permission.
    pub fields: Vec<Field>,
    /// What was filled in.
    pub values: Vec<Filled>,
    /// Where it stands.
    pub state: PermissionState,
}

/// A file in a transcript; its bytes stand apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct File {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its media type: of one from an agent as that says, of one that goes with a prompt as its content says.
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: u64,
}

impl Permission {
    /// The option that permits it or doesn't: the wanted one if that is one, else the one that goes least far.
    pub fn option_for(&self, approved: bool, wanted: Option<&str>) -> Option<&PermissionOption> {
        let kinds = if approved {
            [PermissionKind::AllowOnce, PermissionKind::AllowAlways]
        } else {
            [PermissionKind::RejectOnce, PermissionKind::RejectAlways]
        };
        let wanted = self.options.iter().find(|option| wanted == Some(&option.id) && kinds.contains(&option.kind));
        wanted.or_else(|| kinds.iter().find_map(|kind| self.options.iter().find(|option| option.kind == *kind)))
    }
}

impl File {
    /// One that goes with a prompt, as clients see it.
    pub fn to_attachment(&self) -> Attachment {
        Attachment {
            id: AttachmentId::new(self.id),
            name: self.name.clone(),
            media_type: self.media_type.clone(),
            bytes: self.bytes,
        }
    }
}

impl PartContent {
    /// Whether more is to come of it, so that the end of its turn ends it, too.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Answer { blocks } | Self::Reasoning { blocks } => blocks.is_none(),
            Self::ToolCall(call) => !call.status.has_ended(),
            Self::Permission(permission) => permission.state == PermissionState::Open,
            Self::Text { .. } | Self::Plan { .. } | Self::File(_) | Self::Notice { .. } | Self::Error { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_yes_or_no_goes_least_far_and_a_wanted_option_must_mean_the_same() {
        let option = |id: &str, kind| PermissionOption { id: id.to_owned(), name: id.to_owned(), kind };
        let permission = Permission {
            call: None,
            title: "Write a".to_owned(),
            options: vec![
                option("always", PermissionKind::AllowAlways),
                option("once", PermissionKind::AllowOnce),
                option("never", PermissionKind::RejectAlways),
            ],
            fields: Vec::new(),
            values: Vec::new(),
            state: PermissionState::Open,
        };
        let chosen = |approved, wanted| permission.option_for(approved, wanted).map(|option| option.id.as_str());
        assert_eq!(chosen(true, None), Some("once"));
        assert_eq!(chosen(true, Some("always")), Some("always"));
        assert_eq!(chosen(true, Some("never")), Some("once"));
        assert_eq!(chosen(false, Some("because")), Some("never"));
        let without = Permission { options: vec![option("once", PermissionKind::AllowOnce)], ..permission.clone() };
        assert_eq!(without.option_for(false, None), None);
    }
}
