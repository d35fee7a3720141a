//! Putting what a session made onto the branch that its workspace is on, or into the folder that it is.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use octobot_app::ports::Caller;
use octobot_wire::code::repository::{Applied, ApplyChanges, ApplyEnd, ApplyOutcome};
use octobot_wire::event::Change;
use octobot_wire::path::to_text;
use octobot_wire::workspace::WorkspaceSource;
use octobot_wire::{ProjectId, SessionId};

use super::CodeService;
use super::saving::folder;
use crate::domain::{JobKind, Workspace};
use crate::git::{self, Deposited, FolderKind, GitError};
use crate::services::ServiceError;

impl CodeService {
    /// Puts what a session made onto its workspace's branch, or into its folder. What stands in the way of that is told, and nothing is changed then.
    pub async fn apply(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: ApplyChanges,
    ) -> Result<ApplyOutcome, ServiceError> {
        let daemon = self.sessions.running(caller, project, id).await?;
        let (session, workspace) = self.places(project, id).await?;
        if let Some(folder) = self.plain_folder(&workspace).await? {
            let outcome = self.deposit(id, &folder, &self.fetch(&daemon).await?).await?;
            if outcome.end == ApplyEnd::Applied {
                self.look_again(workspace).await?;
            }
            return Ok(outcome);
        }
        let folder = folder(&workspace)?.to_owned();
        let bundle = self.fetch(&daemon).await?;
        let wire = session.to_wire();
        let title = wire.title();
        let applied = git::apply(folder.as_ref(), &bundle, request.method, title, &self.core.paths.scratch).await;
        let outcome = applied.map_err(|error| told(&error))?;
        if outcome.end == ApplyEnd::Applied {
            tracing::info!(session.id = %id, git.branch = outcome.branch, "session {id} was applied to its workspace's branch");
            self.look_again(workspace).await?;
        }
        Ok(outcome)
    }

    /// Puts the workspace's branch back to where it was, unless it has moved since; or the files of a folder that is no repository.
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
        if applied.branch.is_none() {
            let WorkspaceSource::Folder { path } = &workspace.source else { return Err(ServiceError::NoRepository) };
            let undone = git::undo_deposit(path.as_ref(), &self.core.paths.applied_of(id), applied.number).await;
            undone.map_err(|error| told(&error))?;
            tracing::info!(session.id = %id, "the workspace's folder is what it was before session {id}");
            return self.look_again(workspace).await;
        }
        let undone = git::undo_apply(folder(&workspace)?.as_ref(), &applied, &self.core.paths.scratch).await;
        undone.map_err(|error| told(&error))?;
        tracing::info!(session.id = %id, git.branch = applied.branch, "the workspace's branch is where it was before session {id}");
        self.look_again(workspace).await
    }

    /// The workspace's folder, if it is one that is no repository.
    async fn plain_folder(&self, workspace: &Workspace) -> Result<Option<PathBuf>, ServiceError> {
        let WorkspaceSource::Folder { path } = &workspace.source else { return Ok(None) };
        let seen = git::glance_at_folder(path.as_ref(), &self.core.paths.data).await;
        let (kind, _) = seen.map_err(|error| told(&error))?;
        Ok((kind == FolderKind::Plain).then(|| path.into()))
    }

    async fn deposit(&self, id: SessionId, folder: &Path, bundle: &Path) -> Result<ApplyOutcome, ServiceError> {
        let paths = &self.core.paths;
        let deposited = git::deposit(folder, bundle, &paths.applied_of(id), &paths.scratch, &paths.data).await;
        let texts = |paths: Vec<PathBuf>| paths.iter().map(|path| to_text(path.as_os_str().as_bytes())).collect();
        let outcome = |end, files| ApplyOutcome {
            end,
            branch: None,
            commits: 0,
            others: 0,
            files: texts(files),
            changed: 0,
            applied: None,
        };
        Ok(match deposited.map_err(|error| told(&error))? {
            Deposited::NothingNew => outcome(ApplyEnd::NothingNew, Vec::new()),
            Deposited::Conflicts(files) => outcome(ApplyEnd::Conflicts, files),
            Deposited::Done { number, files, count } => {
                tracing::info!(session.id = %id, "session {id} has changed {count} files of its workspace's folder");
                let applied = Some(Applied { number, branch: None, commit: None });
                let changed = count.try_into().unwrap_or(u32::MAX);
                ApplyOutcome { changed, applied, ..outcome(ApplyEnd::Applied, files) }
            }
        })
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
