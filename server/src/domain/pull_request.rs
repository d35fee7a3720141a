//! Pull requests that were opened for what a session made.

use octobot_wire::code::pull_request::{self as wire, PullRequestState};
use octobot_wire::{SessionId, Timestamp};

use super::forge::ForgeRepository;

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// The session whose work it offers.
    pub session_id: SessionId,
    /// Where it is.
    pub repository: ForgeRepository,
    /// The forge's number for it.
    pub number: u64,
    /// The branch with what the session made.
    pub branch: String,
    /// The branch that this is to be merged into.
    pub base: String,
    /// Its title.
    pub title: String,
    /// Whether it is a draft.
    pub is_draft: bool,
    /// Where it stands.
    pub state: PullRequestState,
    /// When it was opened here.
    pub opened_at: Timestamp,
}

impl PullRequest {
    /// The pull request as clients see it.
    pub fn to_wire(&self) -> wire::PullRequest {
        wire::PullRequest {
            number: self.number,
            forge: self.repository.site.forge,
            url: self.repository.page_of(self.number),
            title: self.title.clone(),
            branch: self.branch.clone(),
            base: self.base.clone(),
            is_draft: self.is_draft,
            state: self.state,
            opened_at: self.opened_at,
        }
    }
}
