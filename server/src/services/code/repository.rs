//! The repository of a session: commits, and files that are put back. The agent daemon does it.

use http::StatusCode;
use octobot_app::ports::Caller;
use octobot_wire::code::repository::{
    CommitPage, DiscardChanges, Discarded, LogQuery, LoggedCommit, MakeCommit, RepositoryState,
};
use octobot_wire::code::{Blame, BlameQuery};
use octobot_wire::{ProjectId, SessionId};

use super::CodeService;
use crate::sandbox::DaemonError;
use crate::services::ServiceError;

impl CodeService {
    /// Where a session's repository stands.
    pub async fn repository(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
    ) -> Result<RepositoryState, ServiceError> {
        self.sessions.running(caller, project, id).await?.repository(None).await.map_err(refusal)
    }

    /// Its commits.
    pub async fn log(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        query: LogQuery,
    ) -> Result<CommitPage, ServiceError> {
        self.sessions.running(caller, project, id).await?.log(query).await.map_err(refusal)
    }

    /// Where lines of a file are from.
    pub async fn blame(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        query: BlameQuery,
    ) -> Result<Blame, ServiceError> {
        self.sessions.running(caller, project, id).await?.blame(&query).await.map_err(super::refusal)
    }

    /// Commits changes.
    pub async fn commit(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: MakeCommit,
    ) -> Result<LoggedCommit, ServiceError> {
        let commit = self.sessions.running(caller, project, id).await?.commit(&request).await.map_err(refusal)?;
        tracing::info!(session.id = %id, git.commit = commit.id, "session {id} has a commit of a person's");
        Ok(commit)
    }

    /// Puts files back to what the last commit has.
    pub async fn discard(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: DiscardChanges,
    ) -> Result<Discarded, ServiceError> {
        self.sessions.running(caller, project, id).await?.discard(&request).await.map_err(refusal)
    }

    /// Brings back what was thrown away by that.
    pub async fn undo_discard(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        number: u32,
    ) -> Result<(), ServiceError> {
        self.sessions.running(caller, project, id).await?.undo_discard(number).await.map_err(refusal)
    }
}

/// What the daemon's refusal means for who asked.
pub(super) fn refusal(error: DaemonError) -> ServiceError {
    match error {
        DaemonError::Refused { status: StatusCode::NOT_FOUND, .. } => ServiceError::NotFound("discarded change"),
        DaemonError::Refused {
            status: StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY,
            problem,
        } => ServiceError::RepositoryRefused(problem.detail),
        DaemonError::Refused { status: StatusCode::PAYLOAD_TOO_LARGE, problem } => {
            ServiceError::RepositoryRefused(problem.detail)
        }
        error => ServiceError::Sandbox(Box::new(error)),
    }
}
