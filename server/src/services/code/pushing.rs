//! Pushing what a session made to where its workspace's code comes from.

use octobot_app::ports::Caller;
use octobot_wire::code::repository::Pushed;
use octobot_wire::workspace::WorkspaceSource;
use octobot_wire::{ProjectId, SessionId};

use super::CodeService;
use super::saving::{branch_name, folder};
use crate::domain::{PullRequest, Session, Workspace};
use crate::git::{self, GitError, PushTarget};
use crate::sandbox::DaemonClient;
use crate::services::{ServiceError, git_login};

/// Where a session was pushed to.
pub(super) struct PushedTo {
    /// The branch.
    pub branch: String,
    /// The open pull request of another branch, from which the session has diverged: it was rewound, or its commits were changed.
    pub left: Option<PullRequest>,
}

impl CodeService {
    /// Pushes what a session made, as a branch: to the repository that the workspace was cloned from, or to the `origin` of one that is
    /// a folder.
    pub async fn push(&self, caller: Caller, project: &ProjectId, id: SessionId) -> Result<Pushed, ServiceError> {
        let daemon = self.sessions.running(caller, project, id).await?;
        let (session, workspace) = self.places(project, id).await?;
        let url = self.target(&workspace).await?;
        let PushedTo { branch, .. } = self.push_to(&daemon, &session, &workspace, &url).await?;
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
    ) -> Result<PushedTo, ServiceError> {
        let id = session.id;
        let open = self.open_request(session, url).await?;
        let bundle = self.fetch(daemon).await?;
        let mut tx = self.core.store.read().await?;
        let credentials = tx.credentials_of_session(&session.project_id, id).await?;
        let login = git_login(&mut tx, credentials, url).await?;
        drop(tx);
        let named = || branch_name(session.to_wire().title(), id);
        let wanted = open.as_ref().map_or_else(named, |request| request.branch.clone());
        let (repository, scratch) = (self.repository_of(workspace), &self.core.paths.scratch);
        let pushed = git::push(&repository, url, login.as_ref(), &bundle, &wanted, scratch).await;
        let branch = pushed.map_err(|error| refused(&error))?;
        tracing::info!(session.id = %id, git.branch = branch, "session {id} was pushed as branch {branch}");
        let left = open.filter(|request| request.branch != branch);
        Ok(PushedTo { branch, left })
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
