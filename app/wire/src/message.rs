//! Messages and their parts: what a turn leaves in the transcript.

use serde::{Deserialize, Serialize};

use crate::form::{Field, Filled};
use crate::permission::{PermissionOption, PermissionState};
use crate::plan::PlanEntry;
use crate::tagged::read_tagged;
use crate::tool::{Location, ToolKind};
use crate::usage::Usage;
use crate::{MessageId, PartId, SessionId, Timestamp, TurnId};

mod fields;

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
    /// What its turn cost: of an agent's message, once the turn has ended. A client that follows a session takes it from
    /// the turn.
    #[serde(default)]
    pub usage: Usage,
    /// Whether it was set aside by rewinding: it can still be read, but the agent isn't told it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rewound: bool,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum PartBody {
    /// What somebody says: the user's prompt as it is, the agent's answer as Markdown.
    Text(Prose),
    /// What the agent thinks.
    Reasoning(Prose),
    /// Something that the agent did with a tool.
    ToolCall(Box<ToolCall>),
    /// The agent's list of things to do, as it is now.
    Plan {
        /// The things.
        entries: Vec<PlanEntry>,
    },
    /// The agent asks for permission.
    Permission(Permission),
    /// An image or another file, of the prompt or from the agent.
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
        /// The credential that is missing or was refused: the page leads to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credential: Option<String>,
    },
}

/// Text that may grow while it is shown.
///
/// Programs get `text`. The page gets `html` of what the agent wrote, and `text` only of prompts, so that nothing
/// travels twice. A block that has an end isn't rendered again: while text grows, [`crate::event::Change::Output`]
/// replaces the blocks from the last unfinished one on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Prose {
    /// The source. Empty where `html` stands for it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Its blocks (paragraphs, lists, code …) as sanitised HTML, rendered by the server. Empty for plain text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub html: Vec<String>,
}

impl Prose {
    /// Text that is shown as it is.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), html: Vec::new() }
    }

    /// Replaces the blocks from `from` on.
    pub fn splice(&mut self, from: u64, blocks: &[String]) {
        self.html.truncate(usize::try_from(from).unwrap_or(usize::MAX));
        self.html.extend_from_slice(blocks);
    }
}

/// A request for permission, or to fill in a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// Names the request within its turn, for the answer.
    pub number: u32,
    /// The tool call that it is for.
    pub call: Option<PartId>,
    /// What the agent wants to do.
    pub title: String,
    /// The possible answers.
    pub options: Vec<PermissionOption>,
    /// The fields of a form; none of a mere permission.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// What was filled in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Filled>,
    /// Where it stands.
    #[serde(flatten)]
    pub state: PermissionState,
}

/// An image or another file in the transcript. Its bytes are asked for separately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Where its bytes are, on this server.
    pub href: String,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// What its tool does.
    #[serde(default)]
    pub tool: ToolKind,
    /// One line that says what is done.
    pub title: String,
    /// What was given to the tool: the command or script of one that runs, else JSON.
    pub input: String,
    /// Where it stands.
    pub status: ToolCallStatus,
    /// What it shows, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<ToolContent>,
    /// The places that it works on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// What it printed.
    pub output: Output,
}

/// Something that a tool call shows, rendered by the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ToolContent {
    /// Markdown.
    Text(Prose),
    /// A change of a file.
    Diff {
        /// The file: relative to the workspace if it is in it.
        path: String,
        /// How many lines are new.
        added: u32,
        /// How many lines are gone.
        removed: u32,
        /// The lines of a unified diff as sanitised HTML, unchanged ones far from a change left out.
        lines: Vec<String>,
        /// Whether there is more than is shown.
        truncated: bool,
    },
    /// An image or another file.
    File(File),
}

/// Where a tool call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "status", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ToolCallStatus {
    /// The agent still writes what it gives to the tool, or waits for a permission.
    Pending,
    /// It runs.
    Running,
    /// It did what it should.
    Completed {
        /// How long it took.
        duration_ms: u64,
    },
    /// It didn't, or it wasn't permitted.
    Failed {
        /// How long it took.
        duration_ms: u64,
    },
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

read_tagged!(
    ToolCallStatus by "status" with { duration_ms: u64, exit_code: u8, signal: u8 } as
    Pending {} Running {} Completed { duration_ms } Failed { duration_ms } Exited { exit_code, duration_ms }
    Killed { signal, duration_ms } Cancelled { duration_ms } Interrupted {}
);

impl ToolCallStatus {
    /// Whether nothing more will come of it.
    pub const fn has_ended(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
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
    fn prose_grows_at_its_end_only() {
        let mut prose = Prose { text: String::new(), html: lines(&["<p>a</p>", "<p>b"]) };
        prose.splice(1, &lines(&["<p>b c</p>", "<p>d</p>"]));
        assert_eq!(prose.html, lines(&["<p>a</p>", "<p>b c</p>", "<p>d</p>"]));
    }

    #[test]
    fn parts_read_back_as_they_were_written() {
        let prose = Prose { text: String::new(), html: lines(&["<p>a</p>"]) };
        let file = File { name: "a".to_owned(), media_type: "image/png".to_owned(), bytes: 1, href: "/a".to_owned() };
        let diff =
            ToolContent::Diff { path: "a".to_owned(), added: 1, removed: 0, lines: lines(&["+a"]), truncated: false };
        let call = ToolCall {
            tool: ToolKind::Edit,
            title: "Edit a".to_owned(),
            input: "{}".to_owned(),
            status: ToolCallStatus::Completed { duration_ms: 7 },
            content: vec![ToolContent::Text(prose.clone()), diff, ToolContent::File(file.clone())],
            locations: vec![Location { path: "a".to_owned(), line: Some(1) }],
            output: Output::default(),
        };
        let bodies = [
            PartBody::Text(Prose::plain("a")),
            PartBody::Reasoning(prose),
            PartBody::ToolCall(Box::new(call)),
            PartBody::Plan { entries: Vec::new() },
            PartBody::File(file),
            PartBody::Notice { text: "a".to_owned() },
            PartBody::Error { text: "a".to_owned(), credential: Some("KEY".to_owned()) },
        ];
        for body in bodies {
            let json = serde_json::to_string(&body).unwrap();
            assert_eq!(serde_json::from_str::<PartBody>(&json).unwrap(), body, "{json}");
        }
    }

    #[test]
    fn a_permission_is_flat_in_json() {
        let state = PermissionState::Answered { option: "yes".to_owned() };
        let permission = Permission {
            number: 3,
            call: None,
            title: "Write a".to_owned(),
            options: Vec::new(),
            fields: Vec::new(),
            values: Vec::new(),
            state,
        };
        let part = Part { id: PartId::new(uuid::Uuid::from_u128(1)), body: PartBody::Permission(permission) };
        let json = serde_json::to_value(&part).unwrap();
        assert_eq!(
            (&json["body"]["kind"], &json["body"]["state"], &json["body"]["option"]),
            (&"permission".into(), &"answered".into(), &"yes".into())
        );
        assert_eq!(serde_json::from_value::<Part>(json).unwrap(), part);
    }

    #[test]
    fn a_splice_before_the_held_window_keeps_the_window() {
        let mut output = Output { total_lines: 5, first_line: 3, lines: lines(&["d", "e"]) };
        output.splice(2, &lines(&["c", "d", "E", "f"]));
        assert_eq!(output, Output { total_lines: 6, first_line: 3, lines: lines(&["d", "E", "f"]) });
    }
}
