//! What is asked of an agent that runs: to take an answer, or another setting. The agent daemon decides; what became of
//! it comes back in its log.

use http::StatusCode;
use octobot_app::ports::Caller;
use octobot_wire::permission::{AnswerPermission, PermissionAnswered, PermissionState};
use octobot_wire::setting::{ChangeSetting, Setting};
use octobot_wire::{ProjectId, SessionId, TurnId};

use super::{ServiceError, SessionService};
use crate::domain::{Part, PartContent, Permission};
use crate::sandbox::{DaemonClient, DaemonError};

/// An answer of somebody who may not know the options: yes or no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is permitted.
    pub approved: bool,
    /// The id of the option to choose, if there is one and it means that.
    pub option: Option<String>,
}

impl SessionService {
    /// Answers a request for permission with yes or no.
    pub async fn decide_permission(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        turn: TurnId,
        part_number: u32,
        decision: &Decision,
    ) -> Result<PermissionAnswered, ServiceError> {
        let permission = self.permission(caller, project, id, turn, part_number).await?;
        let chosen = permission.option_for(decision.approved, decision.option.as_deref());
        let Some(chosen) = chosen else {
            let answer = if decision.approved { "yes" } else { "no" };
            let detail = format!("The agent doesn't take {answer} for an answer. Choose one of its options.");
            return Err(ServiceError::ChoiceRefused { field: "approved", detail });
        };
        let request = AnswerPermission { option: chosen.id.clone(), values: Vec::new() };
        self.answer_permission(caller, project, id, turn, part_number, request).await
    }

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
        let permission = self.permission(caller, project, id, turn, part_number).await?;
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
        let changed = self.running(caller, project, id).await?.change_setting(&request).await;
        Ok(changed.map_err(|error| refusal(error, "setting", "value"))?.settings)
    }

    /// Finds files of the session's copy of the code by a part of their path.
    pub async fn find_files(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        name: &str,
    ) -> Result<Vec<String>, ServiceError> {
        let found = self.running(caller, project, id).await?.find_files(name).await;
        Ok(found.map_err(|error| ServiceError::Sandbox(Box::new(error)))?.paths)
    }

    async fn permission(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        turn: TurnId,
        part_number: u32,
    ) -> Result<Permission, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.find(&mut tx, caller, project, id).await?;
        tx.turn(id, turn).await?.ok_or(ServiceError::NotFound("turn"))?;
        match tx.part(turn, part_number).await? {
            Some((_, Part { content: PartContent::Permission(permission), .. })) => Ok(permission),
            _ => Err(ServiceError::NotFound("request for permission")),
        }
    }

    /// The daemon of a session that the caller may use, and whose sandbox runs.
    pub(super) async fn running(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
    ) -> Result<DaemonClient, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.find(&mut tx, caller, project, id).await?;
        drop(tx);
        self.daemon(id).await
    }

    pub(super) async fn daemon(&self, id: SessionId) -> Result<DaemonClient, ServiceError> {
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
