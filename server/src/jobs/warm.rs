//! Warm sandboxes: started before anybody wants them, so that a new session needn't wait for one.
//!
//! A warm sandbox is an ordinary one whose session isn't stored yet. Only the server that made it knows of it: what a
//! killed server leaves belongs to nobody, and is removed as such. There are some for the project `local` alone, which is
//! the only one until there is a login.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use octobot_wire::project::SandboxSupport;
use octobot_wire::workspace::WorkspaceLimits;
use octobot_wire::{ProjectId, SessionId};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::SandboxPolicy;
use crate::sandbox::{LogSink, Provider, SandboxError, SandboxSpec};
use crate::services::{Core, Egress, Support};

/// The pause before another try after a sandbox couldn't be made, or can't be at the moment.
const RETRY: Duration = Duration::from_secs(10);

/// See the module.
pub struct WarmPool {
    core: Arc<Core>,
    provider: Arc<dyn Provider>,
    egress: Arc<Egress>,
    support: Support,
    policy: SandboxPolicy,
    known: Mutex<Known>,
    taken: Notify,
}

/// The sessions that aren't stored yet but have a sandbox.
#[derive(Debug, Default)]
struct Known {
    /// Those whose sandbox waits.
    ready: Vec<SessionId>,
    /// Those, and the ones whose sandbox is being made or whose session is being stored.
    all: HashSet<SessionId>,
}

/// A session that has a sandbox already. Hold it until the session is stored: from then on the sandbox is known by that,
/// and one whose session wasn't stored belongs to nobody.
pub struct Warm<'a> {
    /// The session.
    pub session: SessionId,
    pool: &'a WarmPool,
}

impl Drop for Warm<'_> {
    fn drop(&mut self) {
        self.pool.known().all.remove(&self.session);
    }
}

impl WarmPool {
    /// An empty pool, which [`WarmPool::run`] fills.
    pub fn new(
        core: Arc<Core>,
        provider: Arc<dyn Provider>,
        egress: Arc<Egress>,
        support: Support,
        policy: SandboxPolicy,
    ) -> Self {
        Self { core, provider, egress, support, policy, known: Mutex::default(), taken: Notify::new() }
    }

    /// A warm sandbox for a new session in a workspace with these limits, if there is one.
    pub fn take(&self, project: &ProjectId, limits: &WorkspaceLimits) -> Option<Warm<'_>> {
        let usual = self.policy.limits.usual;
        if *project != ProjectId::local() || self.policy.limits.limits_of(limits) != usual {
            return None;
        }
        let session = self.known().ready.pop()?;
        self.taken.notify_one();
        Some(Warm { session, pool: self })
    }

    /// The sessions that aren't stored yet. Whoever asks which sandboxes there are asks this before, and the store after it:
    /// then each of them is in one of the two.
    pub fn sessions(&self) -> HashSet<SessionId> {
        self.known().all.clone()
    }

    /// Keeps `size` sandboxes warm until `shutdown` is cancelled; then removes them.
    pub async fn run(self: Arc<Self>, size: usize, shutdown: CancellationToken) {
        // A sandbox that is being made when the server ends is an orphan of its next life.
        tokio::select! { () = self.fill(size) => {}, () = shutdown.cancelled() => {} }
        self.clear().await;
    }

    /// Makes those that are missing, now and whenever one was taken.
    async fn fill(&self, size: usize) {
        loop {
            if self.note_size() >= size {
                self.taken.notified().await;
                continue;
            }
            match self.warm_one().await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(RETRY).await,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "no sandbox can be kept warm");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Makes one; `false` when that isn't possible at the moment.
    async fn warm_one(&self) -> Result<bool, SandboxError> {
        let is_possible = matches!(self.support.get(), SandboxSupport::Available { .. })
            && !self.provider.lacks_image().await?
            && self.provider.room().await?.free_bytes >= self.policy.least_room_bytes;
        if !is_possible {
            return Ok(false);
        }
        let session = SessionId::new(self.core.fresh());
        self.known().all.insert(session);
        let limits = self.policy.limits.usual;
        let spec = SandboxSpec { session, project: ProjectId::local(), limits, network: self.egress.closed() };
        let started = self.provider.start(&spec, &LogSink::discard()).await;
        let mut known = self.known();
        match started {
            Ok(_) => known.ready.push(session),
            Err(_) => drop(known.all.remove(&session)),
        }
        started.map(|_| true)
    }

    /// How many are ready, which the metrics tell as well.
    fn note_size(&self) -> usize {
        let size = self.known().ready.len();
        metrics::gauge!("octobot_warm_sandboxes").set(f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
        size
    }

    async fn clear(&self) {
        let ready = std::mem::take(&mut self.known().ready);
        for session in ready {
            if let Err(error) = self.provider.remove(session).await {
                tracing::warn!(session.id = %session, error = &error as &dyn std::error::Error, "the warm sandbox of session {session} is left");
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // No code that can panic runs under this lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
