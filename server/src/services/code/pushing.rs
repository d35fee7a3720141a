//! Pushing what a session made to where its workspace's code comes from.

use octobot_app::ports::Caller;
use octobot_wire::code::repository::Pushed;
use octobot_wire::workspace::WorkspaceSource;
use octobot_wire::{ProjectId, SessionId};

use super::CodeService;
use super::saving::{branch_name, folder};
use crate::git::{self, PushTarget};
use crate::services::ServiceError;

impl CodeService {
    /// Pushes what a session made, as a branch: to the repository that the workspace was cloned from, or to the `origin` of one that is
    /// a folder.
    pub async fn push(&self, caller: Caller, project: &ProjectId, id: SessionId) -> Result<Pushed, ServiceError> {
        let daemon = self.sessions.running(caller, project, id).await?;
        let (session, workspace) = self.places(project, id).await?;
        let cache = self.core.paths.cache.join(format!("{}.git", workspace.id));
        let (repository, target) = match &workspace.source {
            WorkspaceSource::Git { url } => (cache, PushTarget::Url(url)),
            WorkspaceSource::Folder { .. } => (folder(&workspace)?.into(), PushTarget::Origin),
        };
        let bundle = self.fetch(&daemon).await?;
        let wanted = branch_name(session.to_wire().title(), id);
        let pushed = git::push(&repository, target, &bundle, &wanted, &self.core.paths.scratch).await;
        let branch = pushed.map_err(|error| ServiceError::NotApplied(error.to_string()))?;
        tracing::info!(session.id = %id, git.branch = branch, "session {id} was pushed as branch {branch}");
        Ok(Pushed { branch })
    }
}
