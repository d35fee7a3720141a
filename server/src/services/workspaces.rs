//! Workspaces: add, rename, refresh, remove. The work itself is done by the workspace's job.

use std::sync::Arc;

use octobot_app::ports::Caller;
use octobot_wire::event::Change;
use octobot_wire::name::parse_name;
use octobot_wire::workspace::{AddWorkspace, RenameWorkspace, WorkspaceLimits};
use octobot_wire::{ProjectId, WorkspaceId};

use super::{Core, ServiceError};
use crate::domain::{JobKind, Workspace};
use crate::git::{default_name, parse_source};
use crate::sandbox::LimitPolicy;
use crate::store::Tx;

/// See the module.
pub struct WorkspaceService {
    core: Arc<Core>,
    limits: LimitPolicy,
}

impl WorkspaceService {
    /// Works on `core`. `limits` says what workspaces may ask for.
    pub fn new(core: Arc<Core>, limits: LimitPolicy) -> Self {
        Self { core, limits }
    }

    /// Adds a workspace; its job looks at the source.
    pub async fn add(
        &self,
        caller: Caller,
        project: &ProjectId,
        request: AddWorkspace,
    ) -> Result<Workspace, ServiceError> {
        let source = parse_source(&request.source)?;
        let name = match request.name.as_deref().map(str::trim) {
            Some(name) if !name.is_empty() => named(name)?,
            _ => default_name(&source),
        };
        let mut tx = self.core.store.begin().await?;
        self.core.member(&mut tx, caller, project).await?;
        let id = WorkspaceId::new(self.core.fresh());
        let workspace = Workspace::new(id, project.clone(), name, source, self.core.now());
        tx.insert_workspace(&workspace).await?;
        self.commit_and_work(tx, &workspace).await?;
        tracing::info!(workspace.id = %id, project.id = %project, "workspace {id} was added");
        Ok(workspace)
    }

    /// Renames a workspace.
    pub async fn rename(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: WorkspaceId,
        request: RenameWorkspace,
    ) -> Result<Workspace, ServiceError> {
        let name = named(&request.name)?;
        let mut tx = self.core.store.begin().await?;
        let workspace = self.find(&mut tx, caller, project, id).await?.rename(name, self.core.now())?;
        tx.update_workspace(&workspace).await?;
        tx.record(project, Change::Workspace { workspace: workspace.to_wire() });
        self.core.commit(tx).await?;
        Ok(workspace)
    }

    /// Gives its sandboxes other limits, from their next start on.
    pub async fn limit(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: WorkspaceId,
        request: WorkspaceLimits,
    ) -> Result<Workspace, ServiceError> {
        self.limits.check(&request)?;
        let mut tx = self.core.store.begin().await?;
        let workspace = self.find(&mut tx, caller, project, id).await?.limit(request, self.core.now())?;
        tx.update_workspace(&workspace).await?;
        tx.record(project, Change::Workspace { workspace: workspace.to_wire() });
        self.core.commit(tx).await?;
        Ok(workspace)
    }

    /// Has the source looked at again.
    pub async fn refresh(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: WorkspaceId,
    ) -> Result<Workspace, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let workspace = self.find(&mut tx, caller, project, id).await?.refresh(self.core.now())?;
        tx.update_workspace(&workspace).await?;
        self.commit_and_work(tx, &workspace).await?;
        Ok(workspace)
    }

    /// Removes a workspace with its sessions and its cache. The source isn't touched.
    pub async fn remove(&self, caller: Caller, project: &ProjectId, id: WorkspaceId) -> Result<(), ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let workspace = self.find(&mut tx, caller, project, id).await?.remove(self.core.now());
        tx.update_workspace(&workspace).await?;
        self.commit_and_work(tx, &workspace).await?;
        tracing::info!(workspace.id = %id, project.id = %project, "workspace {id} is being removed");
        Ok(())
    }

    async fn find(
        &self,
        tx: &mut Tx,
        caller: Caller,
        project: &ProjectId,
        id: WorkspaceId,
    ) -> Result<Workspace, ServiceError> {
        self.core.member(tx, caller, project).await?;
        tx.workspace(project, id).await?.ok_or(ServiceError::NotFound("workspace"))
    }

    async fn commit_and_work(&self, mut tx: Tx, workspace: &Workspace) -> Result<(), ServiceError> {
        let subject = workspace.id.uuid();
        tx.record(&workspace.project_id, Change::Workspace { workspace: workspace.to_wire() });
        tx.enqueue(JobKind::Workspace, subject, self.core.now()).await?;
        self.core.commit_and_run(tx, JobKind::Workspace, subject).await
    }
}

fn named(text: &str) -> Result<String, ServiceError> {
    parse_name(text).map_err(|source| ServiceError::Name { field: "name", source })
}
