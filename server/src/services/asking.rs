//! What is asked of an agent that runs: to take an answer, or another setting. The agent daemon decides; what became of
//! it comes back in its log.

use http::StatusCode;
use octobot_app::ports::Caller;
use octobot_wire::permission::{AnswerPermission, PermissionAnswered, PermissionState};
use octobot_wire::setting::{ChangeSetting, Setting};
use octobot_wire::{ProjectId, SessionId, TurnId};

use super::{ServiceError, SessionService};
use crate::domain::{Part, PartContent};
use crate::sandbox::{DaemonClient, DaemonError};

impl SessionService {
    /// Answers a request for permission. Of several answers the first counts, and everybody is told which that is.
    pub async fn answer_permission(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        turn: TurnId,
        part_number: u32,
        request: AnswerPermission,
    ) -> Result<PermissionAnswered, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.find(&mut tx, caller, project, id).await?;
        tx.turn(id, turn).await?.ok_or(ServiceError::NotFound("turn"))?;
        let Some((_, Part { content: PartContent::Permission(permission), .. })) = tx.part(turn, part_number).await?
        else {
            return Err(ServiceError::NotFound("request for permission"));
        };
        drop(tx);
        if permission.state != PermissionState::Open {
            return Ok(PermissionAnswered { state: permission.state });
        }
        let answered = self.daemon(id).await?.answer_permission(turn, part_number, &request).await;
        let answered = answered.map_err(|error| refusal(error, "request for permission", "option"))?;
        tracing::info!(session.id = %id, turn.id = %turn, part.number = part_number, permission.state = ?answered.state, "a permission of turn {turn} was answered");
        Ok(answered)
    }

    /// Changes a setting of the agent that runs, and answers with all settings as they are then.
    pub async fn change_setting(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: ChangeSetting,
    ) -> Result<Vec<Setting>, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.find(&mut tx, caller, project, id).await?;
        drop(tx);
        let changed = self.daemon(id).await?.change_setting(&request).await;
        Ok(changed.map_err(|error| refusal(error, "setting", "value"))?.settings)
    }

    async fn daemon(&self, id: SessionId) -> Result<DaemonClient, ServiceError> {
        let connection = self.provider.connect(id).await.map_err(|error| ServiceError::Sandbox(Box::new(error)))?;
        connection.map(DaemonClient::new).ok_or(ServiceError::SandboxDown)
    }
}

/// What the daemon's refusal means for who asked.
fn refusal(error: DaemonError, what: &'static str, field: &'static str) -> ServiceError {
    match error {
        DaemonError::Refused { status: StatusCode::NOT_FOUND, .. } => ServiceError::NotFound(what),
        DaemonError::Refused { status: StatusCode::CONFLICT, .. } => ServiceError::AgentNotRunning,
        DaemonError::Refused { status: StatusCode::BAD_REQUEST, problem } => {
            ServiceError::ChoiceRefused { field, detail: problem.detail }
        }
        error => ServiceError::Sandbox(Box::new(error)),
    }
}
