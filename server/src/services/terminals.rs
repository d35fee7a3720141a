//! Terminals of sessions. They are the agent daemon's: here is who may use them, and that the sandbox runs.

mod attended;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use octobot_app::ports::Caller;
use octobot_wire::name::parse_name;
use octobot_wire::session::SessionState;
use octobot_wire::terminal::{OpenTerminal, RenameTerminal, Terminal, TerminalMatches, TerminalQuery};
use octobot_wire::{ProjectId, SessionId, TerminalId};
use tokio::time::{Instant, timeout_at};

pub use self::attended::{Attendance, Attended};
use super::{Core, ServiceError, SessionService};
use crate::sandbox::daemon::{AttachedTerminal, TerminalOutput};
use crate::sandbox::{DaemonClient, DaemonError};

/// How long a sandbox that is started for a terminal is waited for.
const START_PATIENCE: Duration = Duration::from_mins(2);

/// How often a sandbox that starts is looked at, should the news of it be missed.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// See the module.
pub struct TerminalService {
    core: Arc<Core>,
    sessions: Arc<SessionService>,
    attended: Arc<Attended>,
}

impl TerminalService {
    /// Works on `core` with the sandboxes that `sessions` knows and starts; `attended` knows who looks.
    pub fn new(core: Arc<Core>, sessions: Arc<SessionService>, attended: Arc<Attended>) -> Self {
        Self { core, sessions, attended }
    }

    /// The open terminals of a session whose sandbox runs.
    pub async fn list(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
    ) -> Result<Vec<Terminal>, ServiceError> {
        self.sessions.running(caller, project, session).await?.terminals().await.map_err(refusal)
    }

    /// Opens a terminal. A sandbox that doesn't run is started for it.
    pub async fn open(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        request: OpenTerminal,
    ) -> Result<Terminal, ServiceError> {
        let name = request.name.as_deref().map(checked_name).transpose()?;
        let id = request.id.unwrap_or_else(|| TerminalId::new(self.core.fresh()));
        let daemon = self.started(caller, project, session).await?;
        let request = OpenTerminal { id: Some(id), name, size: request.size };
        let terminal = daemon.open_terminal(&request).await.map_err(refusal)?;
        tracing::info!(session.id = %session, terminal.id = %id, "terminal {id} of session {session} was opened");
        Ok(terminal)
    }

    /// Renames a terminal.
    pub async fn rename(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        id: TerminalId,
        request: RenameTerminal,
    ) -> Result<Terminal, ServiceError> {
        let request = RenameTerminal { name: checked_name(&request.name)? };
        self.sessions.running(caller, project, session).await?.rename_terminal(id, &request).await.map_err(refusal)
    }

    /// Closes a terminal, with all that runs in it. What it has printed can still be searched.
    pub async fn close(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        id: TerminalId,
    ) -> Result<(), ServiceError> {
        self.sessions.running(caller, project, session).await?.close_terminal(id).await.map_err(refusal)?;
        tracing::info!(session.id = %session, terminal.id = %id, "terminal {id} of session {session} was closed");
        Ok(())
    }

    /// What a terminal has printed from a byte on, as far as it is kept.
    pub async fn output(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        id: TerminalId,
        after: u64,
    ) -> Result<TerminalOutput, ServiceError> {
        self.sessions.running(caller, project, session).await?.terminal_output(id, after).await.map_err(refusal)
    }

    /// Looks for a text in what the session's terminals have printed, closed ones included.
    pub async fn search(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        query: TerminalQuery,
    ) -> Result<TerminalMatches, ServiceError> {
        self.sessions.running(caller, project, session).await?.search_terminals(&query.text).await.map_err(refusal)
    }

    /// Attaches to a terminal, with the handshake of who wants to. A sandbox that doesn't run is started for it.
    pub async fn attach(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        id: TerminalId,
        after: Option<u64>,
        handshake: &HeaderMap,
    ) -> Result<(AttachedTerminal, Attendance), ServiceError> {
        let daemon = self.started(caller, project, session).await?;
        let attached = daemon.attach_terminal(id, after, handshake).await.map_err(refusal)?;
        Ok((attached, self.attended.attend(session)))
    }

    /// The daemon of a session whose sandbox is started where it doesn't run.
    async fn started(&self, caller: Caller, project: &ProjectId, id: SessionId) -> Result<DaemonClient, ServiceError> {
        let mut news = self.core.bus.subscribe(project);
        let deadline = Instant::now() + START_PATIENCE;
        let mut tx = self.core.store.read().await?;
        let mut state = self.sessions.find(&mut tx, caller, project, id).await?.state;
        drop(tx);
        while Instant::now() < deadline {
            if matches!(state, SessionState::Ready | SessionState::Running) {
                match self.sessions.daemon(id).await {
                    Err(ServiceError::SandboxDown) => {}
                    found => return found,
                }
            }
            match state {
                SessionState::Stopped | SessionState::Ready | SessionState::Running => {
                    self.sessions.start(caller, project, id).await?;
                }
                SessionState::Error { .. } | SessionState::Removing => return Err(ServiceError::SandboxDown),
                SessionState::Initializing
                | SessionState::Cloning
                | SessionState::PullingImage
                | SessionState::CreatingSandbox => {}
            }
            // Whatever happened in the project, this session may be further; and the store knows of what was missed.
            let _missed = timeout_at(deadline.min(Instant::now() + LOOK_AGAIN), news.recv()).await;
            let mut tx = self.core.store.read().await?;
            state = self.sessions.find(&mut tx, caller, project, id).await?.state;
        }
        Err(ServiceError::SandboxStarting)
    }
}

fn checked_name(name: &str) -> Result<String, ServiceError> {
    parse_name(name).map_err(|source| ServiceError::Name { field: "name", source })
}

/// What the daemon's refusal means for who asked.
fn refusal(error: DaemonError) -> ServiceError {
    match error {
        DaemonError::Refused { status: StatusCode::NOT_FOUND, .. } => ServiceError::NotFound("terminal"),
        DaemonError::Refused {
            status: StatusCode::CONFLICT | StatusCode::BAD_REQUEST | StatusCode::INSUFFICIENT_STORAGE,
            problem,
        } => ServiceError::TerminalRefused(problem.detail),
        error => ServiceError::Sandbox(Box::new(error)),
    }
}
