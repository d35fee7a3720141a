//! Building a sandbox: the workspace's code as a bundle, the sandbox itself, the code into it. Each stage streams its
//! lines, has a time limit, and ends at once when the session is no longer wanted.

use std::path::{Path, PathBuf};
use std::time::Duration;

use octobot_wire::SessionId;
use octobot_wire::event::Change;
use octobot_wire::project::SandboxSupport;
use octobot_wire::session::SessionStage;
use octobot_wire::workspace::{WorkspaceSource, WorkspaceState};
use tokio::sync::mpsc;

use super::{JobError, Outcome, SessionJob, Signal};
use crate::domain::network::{REPOSITORY_POLICY_PATH, RepositoryPolicy};
use crate::domain::{Job, Session, SessionGoal, Workspace};
use crate::git::{self, Bundled, Code};
use crate::sandbox::{Connection, DaemonClient, LogSink, SandboxError, SandboxSpec};
use crate::services::{forget_fork, fork_bundle};

/// How long bundling the code may take.
const CLONING_LIMIT: Duration = Duration::from_mins(10);

/// How long fetching the image may take.
const PULLING_LIMIT: Duration = Duration::from_mins(30);

/// How long making the sandbox may take, with the code put into it.
const CREATING_LIMIT: Duration = Duration::from_mins(5);

/// Why a stage didn't get to its end.
enum StageEnd {
    /// It failed, for a reason that a user can do something about.
    Failed(String),
    /// Nobody wants the session up any more.
    Unwanted,
    /// The workspace isn't ready yet; its job asks for this one again.
    Waiting,
    /// Something that may pass; the job is tried again.
    Job(JobError),
}

impl<E: Into<JobError>> From<E> for StageEnd {
    fn from(error: E) -> Self {
        Self::Job(error.into())
    }
}

impl SessionJob {
    /// Builds or starts the sandbox, up to a session that is ready.
    pub(super) async fn build(&self, session: Session, job: &Job, signal: &Signal) -> Result<Outcome, JobError> {
        let id = session.id;
        let (stage, end) = match Box::pin(self.stages(&session, signal)).await {
            Ok(()) => {
                self.note_up(id).await?;
                forget_fork(&self.core, id).await?;
                self.followers.ensure(id);
                self.settle_commit(id).await?;
                return self.deliver(id).await;
            }
            Err(failed) => failed,
        };
        match end {
            // What it waits for, or what made it unwanted, asks for this job again.
            StageEnd::Waiting | StageEnd::Unwanted => Ok(Outcome::Done),
            // Another try finds the same image.
            StageEnd::Job(JobError::Sandbox(error @ SandboxError::Image { .. })) => {
                self.fail(id, stage, format!("{error}.")).await
            }
            StageEnd::Job(error) => {
                // It may be tried for hours while the engine is down: once is enough to read.
                if job.attempts <= 1 || !error.waits_for_the_engine() {
                    self.log(id, stage, &format!("{error}. Trying again …")).await?;
                }
                Err(error)
            }
            StageEnd::Failed(reason) => self.fail(id, stage, reason).await,
        }
    }

    async fn fail(&self, id: SessionId, stage: SessionStage, reason: String) -> Result<Outcome, JobError> {
        tracing::warn!(session.id = %id, session.stage = ?stage, reason, "session {id} failed");
        self.log(id, stage, &reason).await?;
        self.change(id, |session, now| Ok(session.failed(stage, reason, now))).await?;
        Ok(Outcome::Done)
    }

    async fn stages(&self, session: &Session, signal: &Signal) -> Result<(), (SessionStage, StageEnd)> {
        let id = session.id;
        let scratch = tempfile::Builder::new().prefix("session-").tempdir_in(&self.core.paths.scratch);
        let in_cloning = |end| (SessionStage::Cloning, end);
        let in_pulling = |end| (SessionStage::PullingImage, end);
        let in_creating = |end| (SessionStage::CreatingSandbox, end);
        // What only waits for the engine is found here, and tried again until it is there.
        let lacks_image = self.provider.lacks_image().await.map_err(|error| in_creating(error.into()))?;
        self.possible(session).await.map_err(in_creating)?;
        let scratch = scratch.map_err(|source| {
            let path = self.core.paths.scratch.display();
            in_cloning(StageEnd::Failed(format!("No files can be written to {path}: {source}.")))
        })?;
        // A session that was built before has its code on its volume.
        let bundle = if session.is_built() {
            None
        } else {
            let bundle = match session.forked_from {
                Some(_) => fork_bundle(&self.core, id),
                None => scratch.path().join("code.bundle"),
            };
            let (out, folder) = (bundle.clone(), scratch.path().to_owned());
            let bundling = async {
                match session.forked_from {
                    Some(source) => self.find_fork(id, source, &out).await,
                    None => self.bundle(session, out, folder).await,
                }
            };
            let cloning = self.stage(id, SessionStage::Cloning, CLONING_LIMIT, signal, bundling);
            Box::pin(cloning).await.map_err(in_cloning)?;
            Some(bundle)
        };
        if lacks_image {
            let pulling = self.pull(session);
            self.stage(id, SessionStage::PullingImage, PULLING_LIMIT, signal, pulling).await.map_err(in_pulling)?;
        }
        let creating = Box::pin(self.create(session, bundle));
        self.stage(id, SessionStage::CreatingSandbox, CREATING_LIMIT, signal, creating).await.map_err(in_creating)
    }

    /// Whether a sandbox for this session can be made here, as far as that is known beforehand.
    async fn possible(&self, session: &Session) -> Result<(), StageEnd> {
        self.support.look_again(&*self.provider).await;
        if let SandboxSupport::Unavailable { reason, remedy } = self.support.get() {
            return Err(StageEnd::Failed(format!("{reason} {remedy}")));
        }
        if let Some(isolation) = &session.isolation {
            let (made_by, now) = (&isolation.provider, self.provider.name());
            return if made_by == now { Ok(()) } else { Err(StageEnd::Failed(moved(made_by, now))) };
        }
        let room = self.provider.room().await?;
        if room.free_bytes < self.policy.least_room_bytes {
            let [free, least] = [room.free_bytes, self.policy.least_room_bytes].map(|bytes| bytes >> 20);
            return Err(StageEnd::Failed(format!(
                "The disk with {} has {free} MiB left, and with less than {least} MiB no new sandbox is made. Delete \
                 sessions or other files, then retry; --sandbox-disk-floor-mib sets the limit.",
                room.path.display()
            )));
        }
        Ok(())
    }

    /// Fetches the image that the sandbox is made of.
    async fn pull(&self, session: &Session) -> Result<(), StageEnd> {
        let pull = async |sink: &LogSink| self.provider.pull_image(session.id, sink).await;
        Ok(self.logged(session.id, SessionStage::PullingImage, pull).await??)
    }

    /// Runs a stage until it ends, its time is up, or the session is no longer wanted.
    async fn stage(
        &self,
        id: SessionId,
        stage: SessionStage,
        limit: Duration,
        signal: &Signal,
        work: impl Future<Output = Result<(), StageEnd>>,
    ) -> Result<(), StageEnd> {
        self.change(id, |session, now| session.enter(stage, now)).await?;
        tokio::select! {
            result = work => result,
            () = tokio::time::sleep(limit) => {
                let minutes = limit.as_secs() / 60;
                Err(StageEnd::Failed(format!("This took more than {minutes} minutes and was ended. Retry to try again.")))
            }
            unwanted = self.unwanted(id, signal) => { unwanted?; Err(StageEnd::Unwanted) }
        }
    }

    /// Waits until the session is no longer to be up.
    async fn unwanted(&self, id: SessionId, signal: &Signal) -> Result<(), JobError> {
        loop {
            match self.load(id).await? {
                Some(session) if session.goal == SessionGoal::Up => signal.heard().await,
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// Writes the workspace's code into a bundle.
    async fn bundle(&self, session: &Session, out: PathBuf, scratch: PathBuf) -> Result<(), StageEnd> {
        let stage = SessionStage::Cloning;
        let mut tx = self.core.store.read().await?;
        let workspace = tx.workspace_by_id(session.workspace_id).await?;
        drop(tx);
        let Some(workspace) = workspace else { return Err(StageEnd::Unwanted) };
        match &workspace.state {
            WorkspaceState::Ready => {}
            WorkspaceState::Initializing | WorkspaceState::Cloning { .. } => {
                self.log(session.id, stage, &format!("Waiting for the workspace {} …", workspace.name)).await?;
                return Err(StageEnd::Waiting);
            }
            WorkspaceState::Error { reason } => {
                return Err(StageEnd::Failed(format!("The workspace can't be used: {reason}")));
            }
            WorkspaceState::Removing => return Err(StageEnd::Unwanted),
        }
        self.log(session.id, stage, &format!("Bundling the code of {} …", workspace.name)).await?;
        let code = self.code_of(&workspace).await?;
        let bundled = git::bundle(&code, &out, &scratch, &self.core.paths.data, REPOSITORY_POLICY_PATH).await;
        let Bundled { base, file } = bundled.map_err(|error| StageEnd::Failed(error.to_string()))?;
        self.log(
            session.id,
            stage,
            &base.map_or_else(
                || "Starting from files without a commit.".to_owned(),
                |base| format!("Starting from commit {base}."),
            ),
        )
        .await?;
        self.note_policy(session.id, file.as_deref()).await
    }

    /// Makes sure of what a fork begins with, which was kept when it was created.
    async fn find_fork(&self, id: SessionId, source: SessionId, bundle: &Path) -> Result<(), StageEnd> {
        if !tokio::fs::try_exists(bundle).await.is_ok_and(|exists| exists) {
            let lost = "The files that the fork was to begin with are gone. Delete it, and fork the session again.";
            return Err(StageEnd::Failed(lost.to_owned()));
        }
        Ok(self.log(id, SessionStage::Cloning, &format!("Going on from session {source}.")).await?)
    }

    /// Keeps what the repository says of the network. Where that can't be read there is no session: somebody meant to keep
    /// it from something.
    async fn note_policy(&self, id: SessionId, file: Option<&[u8]>) -> Result<(), StageEnd> {
        let policy = file.map(|text| {
            let unusable = |reason: String| {
                StageEnd::Failed(format!(
                    "{REPOSITORY_POLICY_PATH} can't be used: {reason}. Mend or remove it in the workspace, then retry."
                ))
            };
            let text = std::str::from_utf8(text).map_err(|_| unusable("it isn't text".to_owned()))?;
            RepositoryPolicy::parse(text).map_err(|error| unusable(error.to_string()))
        });
        let policy = policy.transpose()?;
        if policy.is_some() {
            let told = format!("{REPOSITORY_POLICY_PATH} narrows what the session may reach.");
            self.log(id, SessionStage::Cloning, &told).await?;
        }
        self.change(id, |session, _| Ok(Session { repository_policy: policy, ..session })).await?;
        Ok(())
    }

    async fn code_of(&self, workspace: &Workspace) -> Result<Code, StageEnd> {
        match &workspace.source {
            WorkspaceSource::Git { .. } => Ok(Code::Cache(self.core.paths.cache.join(format!("{}.git", workspace.id)))),
            WorkspaceSource::Folder { path } => {
                let seen = git::glance_at_folder(path.as_ref(), &self.core.paths.data).await;
                let (kind, _) = seen.map_err(|error| StageEnd::Failed(error.to_string()))?;
                Ok(kind.code(path.into()))
            }
        }
    }

    /// Makes and starts the sandbox, and puts the code into it.
    async fn create(&self, session: &Session, bundle: Option<PathBuf>) -> Result<(), StageEnd> {
        let stage = SessionStage::CreatingSandbox;
        let id = session.id;
        let verb = if session.is_built() { "Starting" } else { "Making" };
        self.log(id, stage, &format!("{verb} the sandbox …")).await?;
        let mut tx = self.core.store.read().await?;
        let workspace = tx.workspace_by_id(session.workspace_id).await?;
        // As it is now: what its repository says of the network was found since.
        let session = tx.session_by_id(id).await?;
        drop(tx);
        let (Some(workspace), Some(session)) = (workspace, session) else { return Err(StageEnd::Unwanted) };
        let limits = self.policy.limits.limits_of(&workspace.limits);
        let network = self.egress.config(&session).await?;
        let spec = SandboxSpec { session: id, project: session.project_id.clone(), limits, network };
        let start = async |sink: &LogSink| self.provider.start(&spec, sink).await;
        let connection = self.logged(id, stage, start).await??;
        if let Some(bundle) = bundle {
            self.send_code(id, connection, bundle, origin_of(&workspace).await).await?;
        }
        Ok(self.log(id, stage, "The sandbox is ready.").await?)
    }

    /// Does a provider's work while what it says goes into the session's build log.
    async fn logged<T>(
        &self,
        id: SessionId,
        stage: SessionStage,
        work: impl AsyncFnOnce(&LogSink) -> T,
    ) -> Result<T, JobError> {
        let (tell, mut lines) = mpsc::unbounded_channel();
        let sink = LogSink::new(move |line| {
            // The receiver outlives the work; a line for nobody is no failure.
            let _ = tell.send(line.to_owned());
        });
        let result = {
            let work = work(&sink);
            tokio::pin!(work);
            loop {
                tokio::select! {
                    result = &mut work => break result,
                    Some(line) = lines.recv() => self.log(id, stage, &line).await?,
                }
            }
        };
        while let Ok(line) = lines.try_recv() {
            self.log(id, stage, &line).await?;
        }
        Ok(result)
    }

    async fn send_code(
        &self,
        id: SessionId,
        connection: Connection,
        bundle: PathBuf,
        origin: Option<String>,
    ) -> Result<(), StageEnd> {
        let daemon = DaemonClient::new(connection);
        if daemon.health().await?.has_code {
            return Ok(());
        }
        self.log(id, SessionStage::CreatingSandbox, "Putting the code into it …").await?;
        let file = tokio::fs::File::open(&bundle).await;
        let file = file.map_err(|source| StageEnd::Failed(format!("The bundled code can't be read: {source}.")))?;
        daemon.send_code(file, origin.as_deref()).await?;
        Ok(())
    }

    /// Adds a line to the session's build log and tells the tabs.
    async fn log(&self, id: SessionId, stage: SessionStage, text: &str) -> Result<(), JobError> {
        let mut tx = self.core.store.begin().await?;
        let Some(session) = tx.session_by_id(id).await? else { return Ok(()) };
        let text = text.replace('\0', "\u{fffd}");
        let line = tx.append_session_log(id, stage, &text, self.core.now()).await?;
        tx.record(&session.project_id, Change::SessionLog { session_id: id, line });
        self.core.commit(tx).await?;
        Ok(())
    }
}

/// What to do with a session whose data another provider has.
fn moved(made_by: &str, now: &str) -> String {
    format!(
        "The provider {made_by} has this session's data, and the server uses {now} now. Start the server with \
         --sandbox-provider {made_by} to go on with it, or begin another session."
    )
}

/// What a session can fetch from: where the code of its workspace comes from, if that is in the web.
async fn origin_of(workspace: &Workspace) -> Option<String> {
    match &workspace.source {
        WorkspaceSource::Git { url } => git::web_address(url),
        WorkspaceSource::Folder { path } => git::web_origin(path.as_ref()).await,
    }
}
