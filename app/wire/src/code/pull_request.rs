//! Pull requests: what a session made, offered to the repository that its workspace comes from. GitLab calls them merge requests.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The longest title, in characters. Both forges have this limit.
pub const MAX_TITLE: usize = 255;

/// The longest text, in bytes.
pub const MAX_TEXT: usize = 60_000;

/// The longest name of a branch, in bytes.
pub const MAX_BRANCH: usize = 240;

/// Where repositories are hosted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Forge {
    /// GitHub, also one of one's own.
    GitHub,
    /// GitLab, also one of one's own.
    GitLab,
}

impl Forge {
    /// What it calls a pull request.
    pub fn word(self) -> &'static str {
        match self {
            Self::GitHub => "pull request",
            Self::GitLab => "merge request",
        }
    }
}

/// Where a pull request stands, as far as the server has heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum PullRequestState {
    /// It waits to be merged.
    Open,
    /// It was closed without that.
    Closed,
    /// It was merged.
    Merged,
}

/// A pull request of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PullRequest {
    /// The forge's number for it.
    pub number: u64,
    /// Which kind of forge has it.
    pub forge: Forge,
    /// Its page.
    pub url: String,
    /// Its title.
    pub title: String,
    /// The branch with what the session made.
    pub branch: String,
    /// The branch that this is to be merged into.
    pub base: String,
    /// Whether it is a draft.
    pub is_draft: bool,
    /// Where it stands.
    pub state: PullRequestState,
    /// When it was opened here.
    pub opened_at: Timestamp,
}

/// What a form for a pull request begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PullRequestProposal {
    /// A title, from what was asked first.
    pub title: String,
    /// A text in Markdown, from what was asked and what was committed.
    pub text: String,
    /// The branch that the workspace is on; empty where it is on none.
    pub base: String,
    /// Which kind of forge it would be opened at; none where there is an obstacle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forge: Option<Forge>,
    /// The repository there, as in `owner/name`.
    #[serde(default)]
    pub repository: String,
    /// Why none can be opened, and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
}

/// A pull request to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenPullRequest {
    /// Its title: one line of at most 255 characters.
    pub title: String,
    /// Its text, in Markdown. At most 60,000 bytes.
    #[serde(default)]
    pub text: String,
    /// The branch that it is to be merged into.
    pub base: String,
    /// Whether it is a draft.
    #[serde(default)]
    pub is_draft: bool,
}

/// What came of opening one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OpenedPullRequest {
    /// The pull request.
    pub pull_request: PullRequest,
    /// Whether the branch had an open one already. It has the new commits now, and its title and text stay.
    pub was_open: bool,
}
