//! Reconciliation: compares what the provider finds with what the store knows, at start and then regularly.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use octobot_wire::session::SessionState;
use tokio_util::sync::CancellationToken;

use super::JobError;
use crate::domain::{JobKind, Session, SessionGoal};
use crate::sandbox::Provider;
use crate::services::{Core, Followers};

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
    /// What follows sessions.
    pub followers: Arc<Followers>,
}

impl Reconciler {
    /// Repairs now and then regularly until `shutdown` is cancelled.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            tokio::select! { _ = ticks.tick() => {}, () = shutdown.cancelled() => return }
            if let Err(error) = self.repair().await {
                tracing::error!(error = &error as &dyn std::error::Error, "sandboxes and store couldn't be compared");
            }
        }
    }

    async fn repair(&self) -> Result<(), JobError> {
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
        }
        let known: HashSet<_> = sessions.iter().map(|session| session.id).collect();
        for orphan in sandboxes.iter().filter(|sandbox| !known.contains(&sandbox.session)) {
            tracing::warn!(session.id = %orphan.session, "the sandbox of session {} belongs to nobody and is removed", orphan.session);
            self.provider.remove(orphan.session).await?;
        }
        Ok(())
    }
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
