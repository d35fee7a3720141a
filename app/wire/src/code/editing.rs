//! Changing the files of a session by hand: what an editor begins with, how saving ends, moving and deleting.
//!
//! A file's state is a digest of its bytes. Whoever saves says which state the file had when they began, so that nobody's work
//! is lost unseen.

use serde::{Deserialize, Serialize};

/// The largest text that is edited in a page, in bytes.
pub const MAX_EDITED: usize = 4 * 1024 * 1024;

/// A file to be edited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileText {
    /// Its text; none where it isn't UTF-8, or is too large to be edited.
    pub text: Option<String>,
    /// Its state; none where it isn't there.
    pub state: Option<String>,
}

/// A text to be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SaveText {
    /// The file.
    pub path: String,
    /// What is to be in it.
    pub text: String,
    /// The state that this takes the place of; none where there must be no such file yet.
    pub over: Option<String>,
}

/// How saving ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TextSaved {
    /// The file's state now; none where it isn't there.
    pub state: Option<String>,
    /// What is in the file where it isn't in the state that was named. Nothing was saved then.
    pub theirs: Option<FileText>,
}

/// A file or folder that gets another path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MoveEntry {
    /// Its path.
    pub from: String,
    /// The path that it gets. Nothing may be there.
    pub to: String,
}

/// A file or folder that was deleted, and can be brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Trashed {
    /// Its number in the trash, which holds what was deleted last.
    pub number: u64,
}
