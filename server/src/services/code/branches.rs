//! The branches of a session's repository. The agent daemon knows them, checks them out, makes and fetches them.

use http::StatusCode;
use octobot_app::ports::Caller;
use octobot_wire::code::branches::{Branches, CheckoutBranch, CheckoutOutcome, FetchOutcome, MakeBranch};
use octobot_wire::{ProjectId, SessionId};

use super::CodeService;
use crate::sandbox::DaemonError;
use crate::services::ServiceError;

impl CodeService {
    /// The branches.
    pub async fn branches(&self, caller: Caller, project: &ProjectId, id: SessionId) -> Result<Branches, ServiceError> {
        self.sessions.running(caller, project, id).await?.branches().await.map_err(refusal)
    }

    /// Makes a branch where HEAD is, and checks it out.
    pub async fn make_branch(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: MakeBranch,
    ) -> Result<Branches, ServiceError> {
        self.sessions.running(caller, project, id).await?.make_branch(&request).await.map_err(refusal)
    }

    /// Checks a branch out.
    pub async fn check_out(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: CheckoutBranch,
    ) -> Result<CheckoutOutcome, ServiceError> {
        self.sessions.running(caller, project, id).await?.check_out(&request).await.map_err(refusal)
    }

    /// Fetches the branches of `origin`.
    pub async fn fetch_origin(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
    ) -> Result<FetchOutcome, ServiceError> {
        self.sessions.running(caller, project, id).await?.fetch().await.map_err(refusal)
    }
}

/// What the daemon's refusal means for who asked.
fn refusal(error: DaemonError) -> ServiceError {
    match error {
        DaemonError::Refused { status: StatusCode::NOT_FOUND, .. } => ServiceError::NotFound("branch"),
        error => super::repository::refusal(error),
    }
}
