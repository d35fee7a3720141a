//! Tool calls as the agent daemon tells of them; what the transcript keeps of them stands in `message`.

use serde::{Deserialize, Serialize};

use crate::message::ToolCallStatus;

/// What a tool does, so that the UI can show it in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ToolKind {
    /// Reads files or data.
    Read,
    /// Changes files.
    Edit,
    /// Deletes files or data.
    Delete,
    /// Moves or renames files.
    Move,
    /// Looks for something.
    Search,
    /// Runs a command. What it printed comes as output.
    Execute,
    /// Thinks or plans.
    Think,
    /// Fetches something from elsewhere.
    Fetch,
    /// Anything else.
    #[default]
    Other,
}

/// A place in a file that a tool call works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// The file: relative to the workspace if it is in it, else absolute.
    pub path: String,
    /// The line, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// Something that a tool call shows, beside its output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CallContent {
    /// Markdown.
    Text {
        /// The text, at most [`MAX_TEXT`] bytes.
        text: String,
    },
    /// A change of a file.
    Diff {
        /// The file, as in [`Location::path`].
        path: String,
        /// What it held; none when it is new. At most [`MAX_TEXT`] bytes.
        old: Option<String>,
        /// What it holds then. At most [`MAX_TEXT`] bytes.
        new: String,
        /// Whether the texts were longer and have been cut off.
        truncated: bool,
    },
    /// An image or another file.
    File(FileContent),
}

/// A longer text of a tool call is cut off.
pub const MAX_TEXT: usize = 256 * 1024;

/// Larger files aren't passed on.
pub const MAX_FILE: usize = 8 * 1024 * 1024;

/// A file's content as it travels, in a prompt or from an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileContent {
    /// Its name.
    pub name: String,
    /// Its media type, for instance `image/png`.
    pub media_type: String,
    /// Its bytes in Base64, at most [`MAX_FILE`] of them.
    pub data: String,
}

/// What changed about a tool call. What is none is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ToolCallChange {
    /// One line that says what is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ToolKind>,
    /// What was given to the tool: for [`ToolKind::Execute`] the command, else JSON whose long texts are cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Everything that it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Vec<CallContent>>,
    /// All places that it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<Location>>,
    /// Pending or running; how it ended has an event of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ToolCallStatus>,
}
