//! The calls about a sandbox's repository.

use std::time::Duration;

use http::Method;
use octobot_wire::code::branches::{Branches, CheckoutBranch, CheckoutOutcome, FetchOutcome, MakeBranch};
use octobot_wire::code::repository::{
    CommitPage, DiscardChanges, Discarded, LogQuery, LoggedCommit, MakeCommit, RepositoryState,
};
use octobot_wire::code::{Blame, BlameQuery, PutLinesBack, StageChanges};

use super::{DaemonClient, DaemonError, LOOK_TIMEOUT, accepted, empty, encoded, json};

/// The daemon ends a fetch after 5 minutes.
const FETCH_TIMEOUT: Duration = Duration::from_mins(6);

impl DaemonClient {
    /// Asks where the repository stands, and whether it has a commit.
    pub async fn repository(&self, has: Option<&str>) -> Result<RepositoryState, DaemonError> {
        let asked = has.map(|commit| format!("?has={}", encoded(commit))).unwrap_or_default();
        self.call(Method::GET, &format!("/repository{asked}"), empty(), LOOK_TIMEOUT).await
    }

    /// Asks for commits.
    pub async fn log(&self, query: LogQuery) -> Result<CommitPage, DaemonError> {
        let LogQuery { from, count } = query;
        self.call(Method::GET, &format!("/log?from={from}&count={count}"), empty(), LOOK_TIMEOUT).await
    }

    /// Asks where lines of a file are from.
    pub async fn blame(&self, query: &BlameQuery) -> Result<Blame, DaemonError> {
        let BlameQuery { path, from, count } = query;
        let path = format!("/blame?path={}&from={from}&count={count}", encoded(path));
        self.call(Method::GET, &path, empty(), LOOK_TIMEOUT).await
    }

    /// Asks for the branches.
    pub async fn branches(&self) -> Result<Branches, DaemonError> {
        self.call(Method::GET, "/branches", empty(), LOOK_TIMEOUT).await
    }

    /// Makes a branch, and checks it out.
    pub async fn make_branch(&self, request: &MakeBranch) -> Result<Branches, DaemonError> {
        self.call(Method::POST, "/branches", json(request), LOOK_TIMEOUT).await
    }

    /// Checks a branch out.
    pub async fn check_out(&self, request: &CheckoutBranch) -> Result<CheckoutOutcome, DaemonError> {
        self.call(Method::POST, "/checkout", json(request), LOOK_TIMEOUT).await
    }

    /// Fetches the branches of `origin`. To drop the future ends that.
    pub async fn fetch(&self) -> Result<FetchOutcome, DaemonError> {
        self.call(Method::POST, "/fetch", empty(), FETCH_TIMEOUT).await
    }

    /// Stages changes, or takes them back from what is staged.
    pub async fn stage(&self, request: &StageChanges) -> Result<(), DaemonError> {
        accepted(self.send(Method::POST, "/stage", json(request), LOOK_TIMEOUT).await?).await.map(drop)
    }

    /// Commits changes.
    pub async fn commit(&self, request: &MakeCommit) -> Result<LoggedCommit, DaemonError> {
        self.call(Method::POST, "/commit", json(request), LOOK_TIMEOUT).await
    }

    /// Puts files back to what the last commit has.
    pub async fn discard(&self, request: &DiscardChanges) -> Result<Discarded, DaemonError> {
        self.call(Method::POST, "/discard", json(request), LOOK_TIMEOUT).await
    }

    /// Puts lines of a file back to what it had earlier.
    pub async fn put_lines_back(&self, request: &PutLinesBack) -> Result<Discarded, DaemonError> {
        self.call(Method::POST, "/discard/lines", json(request), LOOK_TIMEOUT).await
    }

    /// Brings back what was thrown away by that.
    pub async fn undo_discard(&self, number: u32) -> Result<(), DaemonError> {
        let answer = self.send(Method::POST, &format!("/discard/{number}/undo"), empty(), LOOK_TIMEOUT).await?;
        accepted(answer).await.map(drop)
    }
}
