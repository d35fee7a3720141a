//! What is staged: changes that the next commit of the repository's own index would have.

use serde::{Deserialize, Serialize};

use super::{CommitPart, LineRange};

/// A file of which something is staged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StagedFile {
    /// The file.
    pub path: String,
    /// Whether all of its changes are.
    pub is_whole: bool,
}

/// Changes to stage, or to take back from what is staged. The files themselves stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StageChanges {
    /// Whether they are taken back.
    #[serde(default)]
    pub is_back: bool,
    /// The files, with all of their changes; all files when this and `parts` are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// Files of which some changes are meant: of those that aren't staged, or, to be taken back, of those that are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<CommitPart>,
}

/// Changes of a file between two of its states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(rename_all = "camelCase")]
pub struct HunksQuery {
    /// The file.
    pub path: String,
    /// Which states.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(inline))]
    pub of: HunkSides,
}

/// Two states of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum HunkSides {
    /// What the last commit has, and what the file has.
    #[default]
    Uncommitted,
    /// What is staged, and what the file has.
    Unstaged,
    /// What the last commit has, and what is staged.
    Staged,
}

/// Lines of the difference since the session started that are to be staged, or to be taken back from what is staged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StageLines {
    /// The file.
    pub path: String,
    /// Whether they are taken back.
    #[serde(default)]
    pub is_back: bool,
    /// The state of the file that was shown, as [`CodeView::state`](super::CodeView::state) tells it. Of a file that has another by now nothing is staged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Of the lines that are gone, those that are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<LineRange>,
    /// Of the lines that are new, those that are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<LineRange>,
    /// Whether all changed lines are meant that these stand together with.
    #[serde(default)]
    pub is_whole: bool,
}

/// What came of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LinesStaged {
    /// Whether something else is staged since; not where these lines were staged already, or weren't.
    pub is_changed: bool,
}
