//! Reconciliation: compares what the provider finds with what the store knows, at start and then regularly.

mod orphans;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use octobot_wire::event::Change;
use octobot_wire::session::SessionState;
use octobot_wire::{SessionId, Timestamp};
use tokio_util::sync::CancellationToken;

use self::orphans::{Orphans, Treatment};
use super::{JobError, WarmPool};
use crate::domain::{JobKind, Session, SessionGoal};
use crate::sandbox::Provider;
use crate::services::{Attended, Core, Egress, Followers, Support};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(10);

/// How many events of a project are kept whatever their age.
const KEEP_EVENTS: u64 = 20_000;

/// How long events are kept whatever their number, in milliseconds: tabs that were away so long load afresh.
const KEEP_MS: i64 = 60 * 60 * 1000;

/// See the module.
pub struct Reconciler {
    /// The store.
    pub core: Arc<Core>,
    /// What makes sandboxes.
    pub provider: Arc<dyn Provider>,
    /// What proxies are told.
    pub egress: Arc<Egress>,
    /// What follows sessions.
    pub followers: Arc<Followers>,
    /// What the provider says about the host.
    pub support: Support,
    /// The sandboxes whose session isn't stored yet.
    pub warm: Arc<WarmPool>,
    /// Which sessions' terminals are looked at.
    pub attended: Arc<Attended>,
    /// After what time without anything to do a sandbox is stopped; `None` for never.
    pub idle_stop: Option<Duration>,
}

impl Reconciler {
    /// Repairs now and then regularly until `shutdown` is cancelled.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(EVERY);
        let mut orphans = Orphans::default();
        self.egress.refresh().await;
        loop {
            tokio::select! { _ = ticks.tick() => {}, () = shutdown.cancelled() => return }
            self.support.look_again(&*self.provider).await;
            if let Err(error) = self.repair(&mut orphans).await {
                tracing::error!(error = &error as &dyn std::error::Error, "sandboxes and store couldn't be compared");
            }
        }
    }

    async fn repair(&self, orphans: &mut Orphans) -> Result<(), JobError> {
        let warm = self.warm.sessions();
        let sandboxes = self.provider.list().await?;
        let running: HashSet<_> = sandboxes.iter().filter(|s| s.running).map(|s| s.session).collect();
        // Read after the list: a session is stored before its sandbox is made, so what is listed but not stored is
        // nobody's.
        let mut tx = self.core.store.begin().await?;
        let sessions = tx.all_sessions().await?;
        let astray: Vec<_> =
            sessions.iter().filter(|session| is_astray(session, running.contains(&session.id))).collect();
        for session in &astray {
            tx.enqueue(JobKind::Session, session.id.uuid(), self.core.now()).await?;
        }
        tx.prune_events(KEEP_EVENTS, self.core.now().plus_ms(-KEEP_MS)).await?;
        self.core.commit(tx).await?;
        for session in astray {
            self.core.alarm.ring(JobKind::Session, session.id.uuid());
        }
        for session in sessions.iter().filter(|s| s.goal == SessionGoal::Up && s.is_built() && running.contains(&s.id))
        {
            self.followers.ensure(session.id);
            if let Err(error) = self.provider.tend(session.id, &session.project_id).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(session.id = %session.id, error, "a sandbox's proxy can't be looked after");
            }
        }
        let known: HashSet<_> = sessions.iter().map(|session| session.id).chain(warm).collect();
        let unknown = sandboxes.iter().map(|sandbox| sandbox.session).filter(|session| !known.contains(session));
        self.treat(orphans.observe(&unknown.collect(), self.core.now())).await?;
        self.stop_idle(&sessions).await
    }

    async fn treat(&self, orphans: Vec<Treatment>) -> Result<(), JobError> {
        for orphan in orphans {
            match orphan {
                Treatment::Stop(id) => {
                    tracing::warn!(session.id = %id, "the sandbox of session {id} belongs to nobody and is stopped");
                    self.provider.stop(id).await?;
                }
                Treatment::Remove(id) => {
                    tracing::warn!(session.id = %id, "the sandbox of session {id} belongs to nobody and is removed");
                    self.provider.remove(id).await?;
                }
            }
        }
        Ok(())
    }

    async fn stop_idle(&self, sessions: &[Session]) -> Result<(), JobError> {
        let Some(limit) = self.idle_stop else { return Ok(()) };
        for session in sessions.iter().filter(|session| is_idle(session, limit, self.core.now())) {
            if self.attended.is_attended(session.id) {
                continue;
            }
            self.stop_if_idle(session.id, limit).await?;
        }
        Ok(())
    }

    /// Looks again within the transaction that stops it: a prompt may have come since.
    async fn stop_if_idle(&self, id: SessionId, limit: Duration) -> Result<(), JobError> {
        let mut tx = self.core.store.begin().await?;
        let Some(session) = tx.session_by_id(id).await? else { return Ok(()) };
        let now = self.core.now();
        if !is_idle(&session, limit, now) || !tx.open_turns(id).await?.is_empty() {
            return Ok(());
        }
        let session = session.want_stopped(now)?;
        tx.update_session(&session).await?;
        tx.record(&session.project_id, Change::Session { session: session.to_wire() });
        tx.enqueue(JobKind::Session, id.uuid(), now).await?;
        self.core.commit_and_run(tx, JobKind::Session, id.uuid()).await?;
        tracing::info!(session.id = %id, "session {id} has been idle for {} s and is stopped", limit.as_secs());
        Ok(())
    }
}

/// Whether nothing has happened in a session for so long that its sandbox needn't run. It starts again on demand.
fn is_idle(session: &Session, limit: Duration, now: Timestamp) -> bool {
    let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    session.state == SessionState::Ready
        && session.goal == SessionGoal::Up
        && now.ms_since(session.updated_at) >= limit_ms
}

/// Whether a session's state can't be right, given whether its sandbox runs.
fn is_astray(session: &Session, runs: bool) -> bool {
    match session.state {
        SessionState::Ready | SessionState::Running => !runs,
        SessionState::Stopped => runs && session.goal != SessionGoal::Up,
        // These have a job of their own, or wait for a user.
        SessionState::Initializing
        | SessionState::Cloning
        | SessionState::PullingImage
        | SessionState::CreatingSandbox
        | SessionState::Error { .. }
        | SessionState::Removing => false,
    }
}

#[cfg(test)]
mod tests {
    use octobot_wire::{AgentId, ProjectId, WorkspaceId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_a_session_that_is_ready_and_was_left_alone_is_idle() {
        let [id, workspace, agent] = [1, 2, 3].map(Uuid::from_u128);
        let (workspace, agent) = (WorkspaceId::new(workspace), AgentId::new(agent));
        let session = Session::new(SessionId::new(id), ProjectId::local(), workspace, agent, Timestamp(0));
        let hour = Duration::from_hours(1);
        let later = Timestamp(3_600_000);
        assert!(!is_idle(&session, hour, later), "one that is being built");
        let ready = Session { state: SessionState::Ready, ..session };
        assert!(is_idle(&ready, hour, later));
        assert!(!is_idle(&ready, hour, Timestamp(3_599_999)));
        assert!(!is_idle(&Session { updated_at: Timestamp(1), ..ready.clone() }, hour, later));
        assert!(!is_idle(&Session { state: SessionState::Running, ..ready.clone() }, hour, later));
        assert!(!is_idle(&Session { goal: SessionGoal::Stopped, ..ready }, hour, later));
    }
}
