//! Pushing what a session made to where its workspace's code comes from.

use octobot_app::ports::Caller;
use octobot_wire::code::repository::Pushed;
use octobot_wire::workspace::WorkspaceSource;
use octobot_wire::{ProjectId, SessionId};

use super::CodeService;
use super::pull_requests::open_branch;
use super::saving::{branch_name, folder};
use crate::domain::{Session, Workspace};
use crate::git::{self, GitError, PushTarget};
use crate::sandbox::DaemonClient;
use crate::services::{ServiceError, git_login};

impl CodeService {
    /// Pushes what a session made, as a branch: to the repository that the workspace was cloned from, or to the `origin` of one that is
    /// a folder.
    pub async fn push(&self, caller: Caller, project: &ProjectId, id: SessionId) -> Result<Pushed, ServiceError> {
        let daemon = self.sessions.running(caller, project, id).await?;
        let (session, workspace) = self.places(project, id).await?;
        let url = self.target(&workspace).await?;
        let branch = self.push_to(&daemon, &session, &workspace, &url).await?;
        Ok(Pushed { branch })
    }

    /// The URL that what a workspace's sessions make is pushed to.
    pub(super) async fn target(&self, workspace: &Workspace) -> Result<String, ServiceError> {
        let target = match &workspace.source {
            WorkspaceSource::Git { url } => PushTarget::Url(url),
            WorkspaceSource::Folder { .. } => {
                folder(workspace)?;
                PushTarget::Origin
            }
        };
        git::target_url(&self.repository_of(workspace), target).await.map_err(|error| refused(&error))
    }

    /// Pushes what a session made to that URL, with a login of the session's where a credential is for its host, and tells the branch:
    /// that of its open pull request if there is one, and else one that is called after the session.
    pub(super) async fn push_to(
        &self,
        daemon: &DaemonClient,
        session: &Session,
        workspace: &Workspace,
        url: &str,
    ) -> Result<String, ServiceError> {
        let id = session.id;
        let bundle = self.fetch(daemon).await?;
        let mut tx = self.core.store.read().await?;
        let wanted = open_branch(&tx.pull_requests(id).await?, url);
        let credentials = tx.credentials_of_session(&session.project_id, id).await?;
        let login = git_login(&mut tx, credentials, url).await?;
        drop(tx);
        let wanted = wanted.unwrap_or_else(|| branch_name(session.to_wire().title(), id));
        let (repository, scratch) = (self.repository_of(workspace), &self.core.paths.scratch);
        let pushed = git::push(&repository, url, login.as_ref(), &bundle, &wanted, scratch).await;
        let branch = pushed.map_err(|error| refused(&error))?;
        tracing::info!(session.id = %id, git.branch = branch, "session {id} was pushed as branch {branch}");
        Ok(branch)
    }

    /// Where a workspace's objects are on this machine.
    fn repository_of(&self, workspace: &Workspace) -> std::path::PathBuf {
        match &workspace.source {
            WorkspaceSource::Git { .. } => self.core.paths.cache.join(format!("{}.git", workspace.id)),
            WorkspaceSource::Folder { path } => path.into(),
        }
    }
}

fn refused(error: &GitError) -> ServiceError {
    ServiceError::NotApplied(error.to_string())
}
