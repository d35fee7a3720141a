//! Putting what a session made onto the branch that its workspace is on.

use octobot_app::ports::Caller;
use octobot_wire::code::repository::{Applied, ApplyChanges, ApplyEnd, ApplyOutcome};
use octobot_wire::event::Change;
use octobot_wire::{ProjectId, SessionId};

use super::CodeService;
use super::saving::folder;
use crate::domain::{JobKind, Workspace};
use crate::git::{self, GitError};
use crate::services::ServiceError;

impl CodeService {
    /// Puts what a session made onto its workspace's branch. What stands in the way of that is told, and nothing is changed then.
    pub async fn apply(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: ApplyChanges,
    ) -> Result<ApplyOutcome, ServiceError> {
        let daemon = self.sessions.running(caller, project, id).await?;
        let (session, workspace) = self.places(project, id).await?;
        let folder = folder(&workspace)?.to_owned();
        let bundle = self.fetch(&daemon).await?;
        let wire = session.to_wire();
        let title = wire.title();
        let applied = git::apply(folder.as_ref(), &bundle, request.method, title, &self.core.paths.scratch).await;
        let outcome = applied.map_err(|error| told(&error))?;
        if outcome.end == ApplyEnd::Applied {
            tracing::info!(session.id = %id, git.branch = outcome.branch, "session {id} was applied to {}", outcome.branch);
            self.look_again(workspace).await?;
        }
        Ok(outcome)
    }

    /// Puts the workspace's branch back to where it was, unless it has moved since.
    pub async fn undo_apply(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        applied: Applied,
    ) -> Result<(), ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.core.member(&mut tx, caller, project).await?;
        drop(tx);
        let (_, workspace) = self.places(project, id).await?;
        let undone = git::undo_apply(folder(&workspace)?.as_ref(), &applied, &self.core.paths.scratch).await;
        undone.map_err(|error| told(&error))?;
        tracing::info!(session.id = %id, git.branch = applied.branch, "{} is where it was before session {id}", applied.branch);
        self.look_again(workspace).await
    }

    /// Has the workspace's job see where the workspace is now.
    async fn look_again(&self, workspace: Workspace) -> Result<(), ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let (project, subject) = (workspace.project_id.clone(), workspace.id.uuid());
        let Some(workspace) = tx.workspace(&project, workspace.id).await? else { return Ok(()) };
        let workspace = workspace.refresh(self.core.now())?;
        tx.update_workspace(&workspace).await?;
        tx.record(&project, Change::Workspace { workspace: workspace.to_wire() });
        tx.enqueue(JobKind::Workspace, subject, self.core.now()).await?;
        self.core.commit_and_run(tx, JobKind::Workspace, subject).await
    }
}

/// Why it wasn't done, for people.
fn told(error: &GitError) -> ServiceError {
    ServiceError::NotApplied(error.to_string())
}
