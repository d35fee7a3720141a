//! The job of a workspace: looks at its source, clones or fetches it, or removes it.

use std::sync::Arc;
use std::time::Duration;

use octobot_wire::WorkspaceId;
use octobot_wire::event::Change;
use octobot_wire::session::SessionState;
use octobot_wire::workspace::{Commit, WorkspaceSource};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{JobError, Outcome, Signal};
use crate::domain::{Job, JobKind, SessionGoal, Workspace, WorkspaceGoal};
use crate::git::{self, GitError, Login, Progress};
use crate::services::{Core, git_login};

/// How often a clone's progress is told to the tabs, at the most.
const PROGRESS_EVERY: Duration = Duration::from_millis(150);

/// How long a clone or a fetch may take.
const CLONE_LIMIT: Duration = Duration::from_mins(30);

/// See the module.
pub struct WorkspaceJob {
    core: Arc<Core>,
}

/// What was read from a source.
struct Seen {
    commit: Option<Commit>,
    dirty: bool,
}

/// Why a source couldn't be read.
enum Unread {
    /// The source can't be used; the reason is for a user.
    Unusable(String),
    /// The workspace is being removed.
    Removed,
}

impl WorkspaceJob {
    /// Works on `core`.
    pub fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    pub(super) async fn run(&self, job: &Job, signal: &Signal) -> Result<Outcome, JobError> {
        let id = WorkspaceId::new(job.subject);
        let Some(workspace) = self.core.store.read().await?.workspace_by_id(id).await? else {
            return Ok(Outcome::Done);
        };
        match workspace.goal {
            WorkspaceGoal::Ready => self.read(workspace, signal).await,
            WorkspaceGoal::Removed => self.remove(workspace).await,
        }
    }

    pub(super) async fn give_up(&self, job: &Job, error: &JobError) -> Result<(), crate::services::ServiceError> {
        let id = WorkspaceId::new(job.subject);
        let reason = format!("Octobot tried several times and failed: {error}. The server's log has the details.");
        self.change(id, |workspace, now| workspace.failed(reason, now)).await?;
        Ok(())
    }

    async fn read(&self, workspace: Workspace, signal: &Signal) -> Result<Outcome, JobError> {
        let id = workspace.id;
        let seen = match &workspace.source {
            WorkspaceSource::Folder { path } => git::inspect_folder(path.as_ref(), &self.core.paths.data)
                .await
                .map(|folder| Seen { commit: folder.commit, dirty: folder.dirty })
                .map_err(|error| Unread::Unusable(error.to_string())),
            WorkspaceSource::Git { url } => self.fetch(&workspace, url, signal).await?,
        };
        match seen {
            Ok(seen) => {
                tracing::info!(workspace.id = %id, "workspace {id} is ready");
                self.change(id, |workspace, now| workspace.ready(seen.commit, seen.dirty, now)).await?;
            }
            Err(Unread::Unusable(reason)) => {
                tracing::info!(workspace.id = %id, reason, "workspace {id} can't be used");
                self.change(id, |workspace, now| workspace.failed(reason, now)).await?;
            }
            Err(Unread::Removed) => return Ok(Outcome::Done),
        }
        self.wake_sessions(id).await?;
        Ok(Outcome::Done)
    }

    /// Clones or fetches, telling the tabs how far it is, until it is done or the workspace is removed.
    async fn fetch(&self, workspace: &Workspace, url: &str, signal: &Signal) -> Result<Result<Seen, Unread>, JobError> {
        let id = workspace.id;
        let cache = self.core.paths.cache.join(format!("{id}.git"));
        let (tell, mut progress) = watch::channel(None::<Progress>);
        // Dropping the clone ends it too; the token is for callers that want to wait for its end.
        let cancel = CancellationToken::new();
        let tell = move |step| {
            tell.send_replace(Some(step));
        };
        let login = self.login(workspace, url).await?;
        let clone = git::clone_into_cache(url, login.as_ref(), &cache, tell, &cancel);
        let removed = self.removed(id, signal);
        tokio::pin!(clone, removed);
        let limit = tokio::time::sleep(CLONE_LIMIT);
        tokio::pin!(limit);
        let mut pause = tokio::time::interval(PROGRESS_EVERY);
        loop {
            tokio::select! {
                result = &mut clone => return Ok(seen_in_cache(result)),
                () = &mut limit => {
                    let minutes = CLONE_LIMIT.as_secs() / 60;
                    return Ok(Err(Unread::Unusable(format!("Cloning took more than {minutes} minutes and was ended. Retry to go on."))));
                }
                removed = &mut removed => { removed?; return Ok(Err(Unread::Removed)); }
                _ = pause.tick() => {
                    // An error means that the clone is about to end, which the first branch sees.
                    let changed = progress.has_changed().unwrap_or(false);
                    let step = if changed { progress.borrow_and_update().clone() } else { None };
                    if let Some(step) = step {
                        self.change(id, |workspace, now| workspace.cloning(step.step, step.percent, now)).await?;
                    }
                }
            }
        }
    }

    /// How to log in where the code comes from, with a credential that all sessions of the project have.
    async fn login(&self, workspace: &Workspace, url: &str) -> Result<Option<Login>, JobError> {
        let mut tx = self.core.store.read().await?;
        let mut credentials = tx.credentials(&workspace.project_id).await?;
        credentials.retain(|credential| credential.every_session);
        Ok(git_login(&mut tx, credentials, url).await?)
    }

    /// Waits until the workspace is to be removed.
    async fn removed(&self, id: WorkspaceId, signal: &Signal) -> Result<(), JobError> {
        loop {
            signal.heard().await;
            match self.core.store.read().await?.workspace_by_id(id).await? {
                Some(workspace) if workspace.goal == WorkspaceGoal::Ready => {}
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// Changes the workspace as it now stands in the store, unless it is gone or being removed.
    async fn change<F>(&self, id: WorkspaceId, change: F) -> Result<(), crate::services::ServiceError>
    where
        F: FnOnce(Workspace, octobot_wire::Timestamp) -> Result<Workspace, crate::domain::InvalidTransition>,
    {
        let mut tx = self.core.store.begin().await?;
        let Some(workspace) = tx.workspace_by_id(id).await? else { return Ok(()) };
        let Ok(workspace) = change(workspace, self.core.now()) else { return Ok(()) };
        tx.update_workspace(&workspace).await?;
        tx.record(&workspace.project_id, Change::Workspace { workspace: workspace.to_wire() });
        self.core.commit(tx).await
    }

    /// Sessions that waited for the workspace can go on, or fail with its reason.
    async fn wake_sessions(&self, id: WorkspaceId) -> Result<(), JobError> {
        let mut tx = self.core.store.begin().await?;
        let waiting: Vec<_> = tx
            .sessions_in_workspace(id)
            .await?
            .into_iter()
            .filter(|session| matches!(session.state, SessionState::Initializing | SessionState::Cloning))
            .map(|session| session.id.uuid())
            .collect();
        for session in &waiting {
            tx.enqueue(JobKind::Session, *session, self.core.now()).await?;
        }
        self.core.commit(tx).await?;
        for session in waiting {
            self.core.alarm.ring(JobKind::Session, session);
        }
        Ok(())
    }

    /// Has the sessions removed first; the last one's job asks for this one again.
    async fn remove(&self, workspace: Workspace) -> Result<Outcome, JobError> {
        let id = workspace.id;
        let mut tx = self.core.store.begin().await?;
        let sessions = tx.sessions_in_workspace(id).await?;
        if sessions.is_empty() {
            drop(tx);
            return self.remove_cache(workspace).await;
        }
        let subjects: Vec<_> = sessions.iter().map(|session| session.id.uuid()).collect();
        for session in sessions {
            if session.goal != SessionGoal::Removed {
                let session = session.want_removed(self.core.now());
                tx.update_session(&session).await?;
                tx.record(&workspace.project_id, Change::Session { session: session.to_wire() });
                tx.enqueue(JobKind::Session, session.id.uuid(), self.core.now()).await?;
            }
        }
        self.core.commit(tx).await?;
        for subject in subjects {
            self.core.alarm.ring(JobKind::Session, subject);
        }
        Ok(Outcome::Done)
    }

    async fn remove_cache(&self, workspace: Workspace) -> Result<Outcome, JobError> {
        let id = workspace.id;
        let cache = self.core.paths.cache.join(format!("{id}.git"));
        git::remove_cache(&cache).await?;
        let mut tx = self.core.store.begin().await?;
        tx.delete_workspace(id).await?;
        tx.record(&workspace.project_id, Change::WorkspaceRemoved { workspace_id: id });
        self.core.commit(tx).await?;
        tracing::info!(workspace.id = %id, "workspace {id} was removed");
        Ok(Outcome::Done)
    }
}

fn seen_in_cache(result: Result<Option<Commit>, GitError>) -> Result<Seen, Unread> {
    result.map(|commit| Seen { commit, dirty: false }).map_err(|error| Unread::Unusable(error.to_string()))
}
