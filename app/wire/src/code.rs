//! The code of a session: what differs from what the session started with, folders, files and their differences.
//!
//! All paths are relative to the workspace, and text as [`crate::path`] says.

mod blame;
pub mod branches;
mod commit_flow;
mod editing;
mod hunks;
mod lines;
pub mod pull_request;
pub mod repository;
mod searching;
mod staging;

use serde::{Deserialize, Serialize};

use crate::TurnId;

pub use blame::{Blame, BlameQuery, BlamedCommit, BlamedRun};
pub use commit_flow::{AskToCommit, AskedToCommit, CommitFlow, CommitFlowState};
pub use editing::{FileText, MAX_EDITED, MoveEntry, SaveText, TextSaved, Trashed};
pub use hunks::{CommitPart, FileHunk, FileHunks};
pub use lines::{DiscardLines, LineRange, LineSpan, PutLinesBack};
pub use searching::{MOST_HITS, SearchEnd, SearchHit, SearchLine, SearchQuery};
pub use staging::{HunkSides, HunksQuery, LinesStaged, StageChanges, StageLines, StagedFile};

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum FileKind {
    /// A regular file.
    File,
    /// A regular file that can be executed.
    Executable,
    /// A symbolic link. Its content is where it leads.
    Link,
    /// A repository within the repository. Its content is the id of its commit.
    Submodule,
    /// A folder.
    Folder,
    /// A pipe, a socket or a device, which is never read.
    Special,
}

/// What happened to a file since the session started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content or its kind is another.
    Modified,
    /// It is gone.
    Removed,
    /// It was moved here, and maybe changed.
    Renamed,
}

/// A file that isn't what it was when the session started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChangedFile {
    /// Where it is; of one that is gone, where it was.
    pub path: String,
    /// Where one that was moved was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// What happened to it.
    pub change: ChangeKind,
    /// What it is now, or was before it was removed.
    pub kind: FileKind,
    /// What it was before, where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_kind: Option<FileKind>,
    /// How many lines are new, and how many are gone; none where lines aren't counted: of binary and very large files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineCounts>,
    /// Tells one state of this change from another: the same text means the same difference.
    pub state: String,
}

/// Counted lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LineCounts {
    /// New ones.
    pub added: u32,
    /// Those that are gone.
    pub removed: u32,
}

/// All that a session has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// The files, in the order of their paths; at most 5,000.
    pub files: Vec<ChangedFile>,
    /// How many more there are.
    pub unlisted: u64,
    /// The lines of all listed files together.
    pub lines: LineCounts,
    /// Whether an event says when this may have become another. Where the sandbox's folders are too many to be watched, one
    /// has to ask again.
    pub is_watched: bool,
}

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FolderEntry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
    /// Whether git ignores it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_ignored: bool,
}

/// What is in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Folder {
    /// Folders first, each by name; at most 5,000.
    pub entries: Vec<FolderEntry>,
    /// How many more there are.
    pub unlisted: u64,
}

/// How a difference is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Layout {
    /// What is gone above what is new.
    #[default]
    Unified,
    /// What was beside what is.
    Split,
}

/// Which part of which file's difference is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(rename_all = "camelCase")]
pub struct DiffQuery {
    /// The file.
    pub path: String,
    /// The turn whose changes are meant; else those since the session started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(value_type = Option<String>))]
    pub turn: Option<TurnId>,
    /// How the rows are laid out.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(inline))]
    pub layout: Layout,
    /// Unchanged lines to show besides those around a change, by their new numbers: `12-40,80-90`.
    #[serde(default)]
    pub open: String,
    /// The first row, counted from 0.
    #[serde(default)]
    pub from: u32,
    /// How many rows, at most 1,000.
    #[serde(default = "most_rows")]
    pub count: u32,
    /// Whether colours that take longer than a few milliseconds may be left out; `isPlain` says then that some were.
    #[serde(default)]
    pub hurry: bool,
}

/// Which part of which file is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(rename_all = "camelCase")]
pub struct FileQuery {
    /// The file.
    pub path: String,
    /// `start` for the file as it was when the session started, or a commit, branch or tag; else the file is told as it is.
    #[serde(default, rename = "ref")]
    pub at: Option<String>,
    /// The first line, counted from 0.
    #[serde(default)]
    pub from: u32,
    /// How many lines, at most 1,000.
    #[serde(default = "most_rows")]
    pub count: u32,
    /// Whether colours that take longer than a few milliseconds may be left out; `isPlain` says then that some were.
    #[serde(default)]
    pub hurry: bool,
}

/// So many rows are told at once.
pub const MOST_ROWS: u32 = 1_000;

fn most_rows() -> u32 {
    MOST_ROWS
}

/// What there is to see of a file or a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Shape {
    /// Lines.
    Text,
    /// A picture.
    Image,
    /// A document that browsers show, a PDF.
    Pdf,
    /// Bytes that are no text.
    Binary,
    /// More than is shown.
    TooLarge,
    /// Nothing: the file isn't there, or doesn't differ.
    Nothing,
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum RowKind {
    /// A line that is as it was.
    Same,
    /// A new line.
    Added,
    /// A line that is gone.
    Removed,
    /// Side by side, a line and what took its place.
    Replaced,
    /// Lines that are as they were and aren't shown. Its numbers are those of the first of them.
    Fold,
}

/// A row of a file or a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CodeRow {
    /// What it is.
    pub kind: RowKind,
    /// The number of the line as it was, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<u32>,
    /// The number of the line as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<u32>,
    /// The line as sanitised HTML; side by side, that on the left. Of a fold, how many lines it hides.
    pub html: String,
    /// Side by side, the line on the right where it is another than that on the left.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub right: String,
}

/// A file or a difference to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CodeView {
    /// What there is to see.
    pub shape: Shape,
    /// What is known of the change; none of a file that doesn't differ from what it was when the session started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<ChangedFile>,
    /// How large the file was, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_bytes: Option<u64>,
    /// How large it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_bytes: Option<u64>,
    /// Tells one content of the file from another, as it is, or was after the turn; none where there is no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The rows that were asked for.
    pub rows: Vec<CodeRow>,
    /// The first of them.
    pub from: u32,
    /// How many there are in all.
    pub total: u32,
    /// The rows at which changes begin, as far as the first 10,000 of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stops: Vec<u32>,
    /// Whether the new side is that of a turn, and the file another one by now: then none of its lines can be discarded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_past: bool,
    /// Whether colours are missing because they were asked for in a hurry.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_plain: bool,
}

/// Files were put back to what they were earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Rewound {
    /// The number by which this can be undone.
    pub number: u32,
    /// How many files became others.
    pub files: u64,
}

/// A branch in the workspace's repository with what a session made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SavedBranch {
    /// Its name, as in `octobot/fix-tests`.
    pub branch: String,
    /// The commit that it points to.
    pub commit: String,
}
