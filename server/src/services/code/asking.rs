//! Having the agent commit what isn't committed, by a prompt that stands in the chat. The session's job sees how it ends.

use octobot_app::ports::Caller;
use octobot_wire::agent::AgentTypeId;
use octobot_wire::code::{AskToCommit, AskedToCommit, CommitFlow};
use octobot_wire::event::Change;
use octobot_wire::workspace::{Commit, WorkspaceSource};
use octobot_wire::{ProjectId, SessionId, TurnId};

use super::CodeService;
use super::repository::refusal;
use crate::domain::Workspace;
use crate::git::{self, GitError};
use crate::services::ServiceError;

/// What the agent is asked.
const PROMPT: &str = "Commit everything that isn’t committed yet, in good order: one commit for each thing that was done, each with a \
                      message whose first line says what it does, and, where it isn’t obvious, why below it. Don’t change any file for \
                      it, don’t amend or rebase commits that are there, and don’t push. In the end `git status` has to show nothing.";

impl CodeService {
    /// Asks the agent, unless it has been asked and is at it, or the workspace has moved.
    pub async fn ask_to_commit(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: AskToCommit,
    ) -> Result<AskedToCommit, ServiceError> {
        let daemon = self.sessions.running(caller, project, id).await?;
        let (session, workspace) = self.places(project, id).await?;
        if let Some(flow) = session.commit_flow.filter(CommitFlow::is_open) {
            return Ok(AskedToCommit { flow: Some(flow), moved_to: None });
        }
        // Where it isn't known, committing doesn't need it: applying says more.
        let head = self.head(&workspace).await.unwrap_or_else(|error| {
            tracing::debug!(error = &error as &dyn std::error::Error, "where the workspace is isn't known");
            None
        });
        let state = daemon.repository(head.as_ref().map(|head| head.id.as_str())).await.map_err(refusal)?;
        if let Some(obstacle) = state.obstacle {
            return Err(ServiceError::RepositoryRefused(obstacle));
        }
        if state.uncommitted.is_empty() {
            return Err(ServiceError::RepositoryRefused("everything is committed".to_owned()));
        }
        if state.has_asked == Some(false) && !request.even_if_moved {
            return Ok(AskedToCommit { flow: None, moved_to: head });
        }
        let mut tx = self.core.store.begin().await?;
        let session = tx.session(project, id).await?.ok_or(ServiceError::NotFound("session"))?;
        if let Some(flow) = session.commit_flow.as_ref().filter(|flow| flow.is_open()) {
            return Ok(AskedToCommit { flow: Some(flow.clone()), moved_to: None });
        }
        let agent = tx.agent_by_id(session.agent_id).await?.ok_or(ServiceError::NotFound("agent"))?;
        if agent.agent_type == AgentTypeId::Shell {
            let reason = "prompts of this session are scripts; commit yourself";
            return Err(ServiceError::RepositoryRefused(reason.to_owned()));
        }
        let now = self.core.now();
        let turn = tx.insert_turn(TurnId::new(self.core.fresh()), id, PROMPT, None, now).await?;
        let session = session.want_up(now)?.named_after(PROMPT).asked_to_commit(turn.id);
        tx.update_session(&session).await?;
        tx.record(project, Change::Turn { turn: turn.to_wire() });
        self.sessions.commit_and_work(tx, &session).await?;
        tracing::info!(session.id = %id, turn.id = %turn.id, "the agent of session {id} is asked to commit");
        Ok(AskedToCommit { flow: session.commit_flow, moved_to: None })
    }

    /// The commit that a workspace is at now.
    async fn head(&self, workspace: &Workspace) -> Result<Option<Commit>, GitError> {
        match &workspace.source {
            WorkspaceSource::Folder { path } => {
                git::glance_at_folder(path.as_ref(), &self.core.paths.data).await.map(|(_, commit)| commit)
            }
            WorkspaceSource::Git { .. } => {
                git::head_of_cache(&self.core.paths.cache.join(format!("{}.git", workspace.id))).await
            }
        }
    }
}
