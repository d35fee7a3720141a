//! The calls about a sandbox's repository.

use http::Method;
use octobot_wire::code::repository::{
    CommitPage, DiscardChanges, Discarded, LogQuery, LoggedCommit, MakeCommit, RepositoryState,
};

use super::{DaemonClient, DaemonError, LOOK_TIMEOUT, accepted, empty, encoded, json};

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

    /// Commits changes.
    pub async fn commit(&self, request: &MakeCommit) -> Result<LoggedCommit, DaemonError> {
        self.call(Method::POST, "/commit", json(request), LOOK_TIMEOUT).await
    }

    /// Puts files back to what the last commit has.
    pub async fn discard(&self, request: &DiscardChanges) -> Result<Discarded, DaemonError> {
        self.call(Method::POST, "/discard", json(request), LOOK_TIMEOUT).await
    }

    /// Brings back what was thrown away by that.
    pub async fn undo_discard(&self, number: u32) -> Result<(), DaemonError> {
        let answer = self.send(Method::POST, &format!("/discard/{number}/undo"), empty(), LOOK_TIMEOUT).await?;
        accepted(answer).await.map(drop)
    }
}
