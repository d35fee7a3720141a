//! The repository of a session: what isn't committed, commits, files that are put back, and what the workspace takes over of it.
//!
//! Paths are text as [`crate::path`] says.

use serde::{Deserialize, Serialize};

use super::{CommitPart, StagedFile};
use crate::Timestamp;

/// The longest message of a commit, in bytes.
pub const MAX_COMMIT_MESSAGE: usize = 64 * 1024;

/// So many commits are told at once.
pub const MOST_COMMITS: u32 = 200;

/// Where the session's repository stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RepositoryState {
    /// The branch that commits go to; none while HEAD is detached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The commit that HEAD is at; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The files that aren't as the last commit has them, in the order of their paths; at most 5,000.
    pub uncommitted: Vec<String>,
    /// How many more there are.
    pub unlisted: u64,
    /// Those of which something is staged, in the order of their paths; at most 5,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub staged: Vec<StagedFile>,
    /// Whether the commit that was asked about is that of HEAD or one before it; none where none was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_asked: Option<bool>,
    /// What has to be settled before anything can be committed or put back, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
}

/// What is asked about a session's repository besides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryQuery {
    /// Whether the session has this commit, by its full id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
}

/// A commit to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MakeCommit {
    /// Its message: a line, and maybe more below it. At most 64 KiB.
    pub message: String,
    /// The files whose changes go into it; all when this and `parts` are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// Files of which some changes go into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<CommitPart>,
    /// Whether what is staged goes into it, and nothing else; no files are named then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub staged: bool,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LoggedCommit {
    /// The full object id, in hexadecimal.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed.
    pub at: Timestamp,
    /// The first line of its message.
    pub subject: String,
    /// The rest of the message.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// Whether it was made in the session.
    pub is_new: bool,
}

/// Which commits are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(rename_all = "camelCase")]
pub struct LogQuery {
    /// The first, counted from 0.
    #[serde(default)]
    pub from: u32,
    /// How many, at most 200.
    #[serde(default = "most_commits")]
    pub count: u32,
}

fn most_commits() -> u32 {
    MOST_COMMITS
}

/// Commits: first those of the session, then older ones; the latest first in each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CommitPage {
    /// Those that were asked for.
    pub commits: Vec<LoggedCommit>,
    /// Whether there are more.
    pub has_more: bool,
}

/// Files to put back to what the last commit has; those that it doesn't have are removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DiscardChanges {
    /// The files.
    pub paths: Vec<String>,
}

/// What was thrown away. The session's repository keeps it as `refs/octobot/discarded/<number>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Discarded {
    /// By which it can be brought back.
    pub number: u32,
}

/// How commits get onto a branch that has others by now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ApplyMethod {
    /// Not at all: only a branch that has no others is moved forward.
    #[default]
    FastForward,
    /// With a commit that joins both.
    Merge,
    /// As new commits on top of the others.
    Rebase,
}

/// What the session made is to be put onto the workspace's branch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApplyChanges {
    /// How, where the branch has other commits by now.
    #[serde(default)]
    pub method: ApplyMethod,
}

/// How putting commits onto the workspace's branch, or files into its folder, ended. Only the first of these has changed anything there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ApplyEnd {
    /// The branch has them, and the files are as it says.
    Applied,
    /// The branch had them.
    NothingNew,
    /// The branch has other commits: it takes a merge or a rebase.
    Diverged,
    /// Both sides have changed the same places of the files. In a folder that is no repository: the files are neither what the session
    /// started with nor what it has left there before.
    Conflicts,
    /// The files have changes that aren't committed.
    Dirty,
    /// The files would be overwritten, and no commit has them.
    InTheWay,
}

/// What came of putting commits onto the workspace's branch, or files into its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApplyOutcome {
    /// How it ended.
    pub end: ApplyEnd,
    /// The workspace's branch; none of a folder that is no repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// How many commits the session has that the branch hasn't, or hadn't.
    pub commits: u32,
    /// How many the branch has that the session hasn't.
    pub others: u32,
    /// The files that are in the way, or that were changed in a folder that is no repository; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// How many files were changed in a folder that is no repository.
    #[serde(default)]
    pub changed: u32,
    /// By what it can be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
}

/// Commits that were put onto the workspace's branch. Its repository keeps where that was before as
/// `refs/octobot/applied/<number>/before`. Of a folder that is no repository, the server keeps what was there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// Tells it from others in the same repository, or of the same session.
    pub number: u32,
    /// The branch; none of a folder that is no repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The commit that it points to since; none of a folder that is no repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// What a session made was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Pushed {
    /// The branch there, as in `octobot/fix-tests`.
    pub branch: String,
}
