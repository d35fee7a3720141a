//! The job of a session: makes, starts, stops or removes its sandbox, and delivers its prompts.

mod build;
mod commit_flow;
mod deliver;

use std::sync::Arc;

use octobot_wire::SessionId;
use octobot_wire::event::Change;
use octobot_wire::launch::Variable;
use octobot_wire::project::SandboxSupport;
use octobot_wire::session::{Isolation, SessionState};
use octobot_wire::turn::TurnState;

use super::{JobError, Outcome, Signal};
use crate::domain::{InvalidTransition, Job, JobKind, Session, SessionGoal, WorkspaceGoal};
use crate::git::remove_deposits;
use crate::sandbox::{DaemonClient, LimitPolicy, Provider};
use crate::services::{Core, Egress, Followers, ServiceError, Support, close_parts, forget_fork};

/// How long a turn has to end before its sandbox is stopped regardless.
const STOP_LIMIT_MS: i64 = 20_000;

/// See the module.
pub struct SessionJob {
    core: Arc<Core>,
    provider: Arc<dyn Provider>,
    egress: Arc<Egress>,
    followers: Arc<Followers>,
    support: Support,
    policy: SandboxPolicy,
    /// What the operator lets agents have of the server's environment.
    agent_variables: Vec<Variable>,
}

/// What the server's owner has decided about sandboxes.
#[derive(Debug, Clone, Copy)]
pub struct SandboxPolicy {
    /// What sandboxes may use up.
    pub limits: LimitPolicy,
    /// With less room than this, in bytes, no new sandbox is made.
    pub least_room_bytes: u64,
}

impl SessionJob {
    /// `support` is what the provider says about the host.
    pub fn new(
        core: Arc<Core>,
        provider: Arc<dyn Provider>,
        egress: Arc<Egress>,
        followers: Arc<Followers>,
        support: Support,
        policy: SandboxPolicy,
        agent_variables: Vec<Variable>,
    ) -> Self {
        Self { core, provider, egress, followers, support, policy, agent_variables }
    }

    pub(super) async fn run(&self, job: &Job, signal: &Signal) -> Result<Outcome, JobError> {
        let id = SessionId::new(job.subject);
        let Some(session) = self.load(id).await? else { return Ok(Outcome::Done) };
        match session.goal {
            SessionGoal::Up => self.bring_up(session, job, signal).await,
            SessionGoal::Stopped => self.stop(session, job).await,
            SessionGoal::Removed => self.remove(session).await,
        }
    }

    pub(super) async fn give_up(&self, job: &Job, error: &JobError) -> Result<(), ServiceError> {
        let reason = format!("{error}. Octobot tried {} times; the server's log has the details.", job.attempts);
        let id = SessionId::new(job.subject);
        self.change(id, |session, now| {
            let stage = session.stage();
            Ok(session.failed(stage, reason, now))
        })
        .await?;
        Ok(())
    }

    async fn bring_up(&self, session: Session, job: &Job, signal: &Signal) -> Result<Outcome, JobError> {
        let id = session.id;
        if !session.is_built() {
            return self.build(session, job, signal).await;
        }
        if self.provider.connect(id).await?.is_none() {
            let mut tx = self.core.store.read().await?;
            let has_work = !tx.open_turns(id).await?.is_empty();
            drop(tx);
            let vanished = matches!(session.state, SessionState::Ready | SessionState::Running);
            if vanished && !has_work {
                tracing::info!(session.id = %id, "session {id} has lost its sandbox; it starts again on demand");
                self.change(id, |session, now| session.want_stopped(now)?.stopped(now)).await?;
                return Ok(Outcome::Done);
            }
            return self.build(session, job, signal).await;
        }
        self.note_up(id).await?;
        self.followers.ensure(id);
        self.settle_commit(id).await?;
        self.deliver(id).await
    }

    /// Notes that the sandbox runs, where the store says otherwise.
    async fn note_up(&self, id: SessionId) -> Result<(), JobError> {
        let mut tx = self.core.store.begin().await?;
        let Some(session) = tx.session_by_id(id).await? else { return Ok(()) };
        let Some(isolation) = self.isolation_of(&session) else { return Ok(()) };
        let turn_runs = tx.active_turn(id).await?.is_some_and(|turn| turn.state != TurnState::Delivered);
        let before = session.state.clone();
        let session = session.up(isolation, turn_runs, self.core.now())?;
        if session.state == before {
            return Ok(());
        }
        tx.update_session(&session).await?;
        tx.record(&session.project_id, Change::Session { session: session.to_wire() });
        self.core.commit(tx).await?;
        Ok(())
    }

    /// How the session's sandbox is isolated: as the host allows, or as it was when the sandbox was made.
    fn isolation_of(&self, session: &Session) -> Option<Isolation> {
        match self.support.get() {
            SandboxSupport::Available { isolation } => Some(isolation),
            SandboxSupport::Unavailable { .. } => session.isolation.clone(),
        }
    }

    /// Stops the sandbox once its turn has ended; a turn that doesn't end in time is interrupted.
    async fn stop(&self, session: Session, job: &Job) -> Result<Outcome, JobError> {
        let id = session.id;
        let active = self.core.store.read().await?.active_turn(id).await?;
        if let Some(turn) = active
            && job.attempts < 2
            && let Some(connection) = self.provider.connect(id).await?
        {
            self.followers.ensure(id);
            match DaemonClient::new(connection).cancel(turn.id).await {
                // The end of the turn asks for this job again.
                Ok(()) => return Ok(Outcome::LookAgain { after_ms: STOP_LIMIT_MS }),
                Err(error) => {
                    tracing::warn!(session.id = %id, error = &error as &dyn std::error::Error, "the turn of session {id} can't be stopped, so its sandbox is");
                }
            }
        }
        self.provider.stop(id).await?;
        self.end_turn(id).await?;
        self.change(id, Session::stopped).await?;
        tracing::info!(session.id = %id, "session {id} was stopped");
        Ok(Outcome::Done)
    }

    /// Ends a turn that lost its sandbox before it could tell.
    async fn end_turn(&self, id: SessionId) -> Result<(), JobError> {
        let mut tx = self.core.store.begin().await?;
        let Some(session) = tx.session_by_id(id).await? else { return Ok(()) };
        let Some(turn) = tx.active_turn(id).await? else { return Ok(()) };
        close_parts(&mut tx, &session, turn.id).await?;
        let turn = turn.ended(TurnState::Interrupted, self.core.now())?;
        tx.update_turn(&turn).await?;
        tx.record(&session.project_id, Change::Turn { turn: turn.to_wire() });
        self.core.commit(tx).await?;
        Ok(())
    }

    async fn remove(&self, session: Session) -> Result<Outcome, JobError> {
        let id = session.id;
        self.followers.forget(id);
        self.provider.remove(id).await?;
        remove_deposits(&self.core.paths.applied_of(id)).await?;
        forget_fork(&self.core, id).await?;
        let mut tx = self.core.store.begin().await?;
        tx.delete_session(id).await?;
        tx.record(&session.project_id, Change::SessionRemoved { session_id: id });
        let workspace = tx.workspace_by_id(session.workspace_id).await?;
        let waits = workspace.is_some_and(|workspace| workspace.goal == WorkspaceGoal::Removed);
        if waits {
            tx.enqueue(JobKind::Workspace, session.workspace_id.uuid(), self.core.now()).await?;
        }
        self.core.commit_and_run(tx, JobKind::Workspace, session.workspace_id.uuid()).await?;
        tracing::info!(session.id = %id, "session {id} was deleted");
        Ok(Outcome::Done)
    }

    async fn load(&self, id: SessionId) -> Result<Option<Session>, JobError> {
        Ok(self.core.store.read().await?.session_by_id(id).await?)
    }

    /// Changes the session as it now stands in the store; `None` when it is gone.
    async fn change<F>(&self, id: SessionId, change: F) -> Result<Option<Session>, ServiceError>
    where
        F: FnOnce(Session, octobot_wire::Timestamp) -> Result<Session, InvalidTransition>,
    {
        let mut tx = self.core.store.begin().await?;
        let Some(session) = tx.session_by_id(id).await? else { return Ok(None) };
        let session = change(session, self.core.now())?;
        tx.update_session(&session).await?;
        tx.record(&session.project_id, Change::Session { session: session.to_wire() });
        self.core.commit(tx).await?;
        Ok(Some(session))
    }
}
