//! What a file has that its last commit hasn't, change by change, so that some of it can be committed.

use serde::{Deserialize, Serialize};

use super::{CodeRow, LineSpan};

/// The changes of a file that aren't committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileHunks {
    /// The state of the file that the last commit has; none where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The state of the file as it is; none where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The changes, in the order of the file; none of a file that has no lines. At most 200.
    pub hunks: Vec<FileHunk>,
    /// How many more there are.
    pub unlisted: u32,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileHunk {
    /// Which lines took the place of which.
    pub span: LineSpan,
    /// The first of its rows, at most 40.
    pub rows: Vec<CodeRow>,
    /// How many more rows it has.
    pub unlisted: u32,
}

/// Changes of a file that go into a commit. The others stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CommitPart {
    /// The file.
    pub path: String,
    /// The states that were shown. A file that has another by now isn't committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The same of the file as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The changes, in the order of the file.
    pub spans: Vec<LineSpan>,
}
