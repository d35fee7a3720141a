//! Followers: one task for each session whose sandbox runs, which takes the daemon's events into the transcript.
//!
//! A lease in the store makes sure that one server at a time follows a session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use octobot_proxy::policy::Phase;
use octobot_wire::{SessionId, TurnId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::ingest::{Ingest, IngestError};
use super::{Core, Egress, ServiceError};
use crate::domain::JobKind;
use crate::sandbox::{Connection, DaemonClient, Provider};

/// How long a follower may keep silent before another server takes the session over.
const LEASE_MS: i64 = 15_000;

/// How often the lease is renewed.
const RENEWAL: Duration = Duration::from_secs(5);

/// The wait before the first try to reach a daemon again whose connection broke; it doubles while nothing comes.
const FIRST_WAIT: Duration = Duration::from_millis(20);

/// The longest wait between two tries to reach a daemon.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// See the module.
pub struct Followers {
    core: Arc<Core>,
    provider: Arc<dyn Provider>,
    egress: Arc<Egress>,
    /// Names this server in leases.
    owner: Uuid,
    running: Mutex<HashMap<SessionId, CancellationToken>>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

/// Why a follower stopped trying.
enum End {
    /// The session is gone, or the server shuts down.
    NotNeeded,
    /// The sandbox doesn't run any more.
    SandboxGone,
    /// Another server follows the session.
    LeaseTaken,
}

impl Followers {
    /// Followers that end when `shutdown` is cancelled.
    pub fn new(
        core: Arc<Core>,
        provider: Arc<dyn Provider>,
        egress: Arc<Egress>,
        owner: Uuid,
        shutdown: CancellationToken,
    ) -> Self {
        Self { core, provider, egress, owner, running: Mutex::default(), tasks: TaskTracker::new(), shutdown }
    }

    /// Makes sure that a session is followed.
    pub fn ensure(self: &Arc<Self>, session: SessionId) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.contains_key(&session) {
            return;
        }
        let cancel = self.shutdown.child_token();
        running.insert(session, cancel.clone());
        drop(running);
        let followers = Arc::clone(self);
        self.tasks.spawn(async move { followers.run(session, cancel).await });
    }

    /// Stops following a session that is being deleted.
    pub fn forget(&self, session: SessionId) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cancel) = running.get(&session) {
            cancel.cancel();
        }
    }

    /// How many sessions are followed.
    pub fn count(&self) -> usize {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until every follower has ended, after the shutdown token was cancelled.
    pub async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn run(self: Arc<Self>, session: SessionId, cancel: CancellationToken) {
        let lease = format!("follow:{session}");
        let end = tokio::select! {
            end = self.follow(session, &lease) => end,
            () = cancel.cancelled() => End::NotNeeded,
        };
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&session);
        match end {
            End::NotNeeded => {}
            End::LeaseTaken => tracing::info!(session.id = %session, "another server follows session {session}"),
            End::SandboxGone => {
                tracing::info!(session.id = %session, "the sandbox of session {session} has gone");
                if let Err(error) = self.ask_for_job(session).await {
                    tracing::error!(session.id = %session, error = &error as &dyn std::error::Error, "can't note that the sandbox of session {session} has gone");
                }
                return;
            }
        }
        let released = async { self.release(&lease).await }.await;
        if let Err(error) = released {
            tracing::warn!(session.id = %session, error = &error as &dyn std::error::Error, "the lease on session {session} stays until it runs out");
        }
    }

    async fn release(&self, lease: &str) -> Result<(), ServiceError> {
        let mut tx = self.core.store.begin().await?;
        tx.release_lease(lease, self.owner).await?;
        self.core.commit(tx).await
    }

    async fn ask_for_job(&self, session: SessionId) -> Result<(), ServiceError> {
        let mut tx = self.core.store.begin().await?;
        tx.release_lease(&format!("follow:{session}"), self.owner).await?;
        tx.enqueue(JobKind::Session, session.uuid(), self.core.now()).await?;
        self.core.commit_and_run(tx, JobKind::Session, session.uuid()).await
    }

    /// Follows until there is nothing left to follow; comes back after every broken connection.
    async fn follow(&self, session: SessionId, lease: &str) -> End {
        let mut ingest = Ingest::new(session);
        let mut wait = FIRST_WAIT;
        loop {
            let connection = match self.provider.connect(session).await {
                Ok(Some(connection)) => Some(connection),
                Ok(None) => return End::SandboxGone,
                Err(error) => {
                    tracing::warn!(session.id = %session, error = &error as &dyn std::error::Error, "can't ask for the sandbox of session {session}");
                    None
                }
            };
            if let Some(connection) = connection {
                match self.stream(&mut ingest, session, connection, lease, &mut wait).await {
                    Ok(Some(end)) => return end,
                    Ok(None) => wait = FIRST_WAIT,
                    Err(error) => {
                        tracing::warn!(session.id = %session, error = &*error, "following session {session} was interrupted");
                    }
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(MAX_WAIT);
        }
    }

    /// Follows over one connection. `None` means that the daemon closed it. What comes shows that trying again is worth
    /// while, however often connections break.
    async fn stream(
        &self,
        ingest: &mut Ingest,
        session: SessionId,
        connection: Connection,
        lease: &str,
        wait: &mut Duration,
    ) -> Result<Option<End>, Box<dyn std::error::Error + Send + Sync>> {
        if !self.renew(lease).await? {
            return Ok(Some(End::LeaseTaken));
        }
        let Some(known) = self.core.store.read().await?.session_by_id(session).await? else {
            return Ok(Some(End::NotNeeded));
        };
        let daemon = DaemonClient::new(connection);
        let health = daemon.health().await?;
        let last = health.last_event;
        if last < known.daemon_events {
            self.step_back(session, known.daemon_events, last).await?;
            return Ok(None);
        }
        if let Some(held) = health.held.filter(|_| known.phase == Phase::Agent) {
            self.let_go(session, held, &daemon).await?;
        }
        let events = daemon.events(known.daemon_events).await?;
        tokio::pin!(events);
        let mut renewal = tokio::time::interval(RENEWAL);
        loop {
            tokio::select! {
                batch = events.next() => match batch {
                    None => return Ok(None),
                    Some(batch) => match ingest.apply(&self.core, &batch?).await {
                        Ok(let_go) => {
                            *wait = FIRST_WAIT;
                            if let Some(turn) = let_go {
                                self.let_go(session, turn, &daemon).await?;
                            }
                        }
                        Err(IngestError::SessionGone) => return Ok(Some(End::NotNeeded)),
                        Err(error @ (IngestError::OutOfStep { .. } | IngestError::Service(_))) => return Err(error.into()),
                    },
                },
                _ = renewal.tick() => if !self.renew(lease).await? {
                    return Ok(Some(End::LeaseTaken));
                },
            }
        }
    }

    /// The setup is over: once the proxy holds the agent to its own rules, the prompt that waits for that is begun. Where this
    /// fails it is done again over the next connection.
    async fn let_go(
        &self,
        session: SessionId,
        turn: TurnId,
        daemon: &DaemonClient,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.egress.enforce(session).await?;
        Ok(daemon.proceed(turn).await?)
    }

    /// The host lost power, and with it the end of the daemon's log, which the transcript has. It is kept; what the
    /// daemon logs from now on follows it.
    async fn step_back(&self, session: SessionId, from: u64, to: u64) -> Result<(), ServiceError> {
        tracing::warn!(session.id = %session, events.stored = from, events.logged = to, "the log of session {session} has lost its end");
        let mut tx = self.core.store.begin().await?;
        tx.advance_daemon_events(session, from, to).await?;
        self.core.commit(tx).await
    }

    async fn renew(&self, lease: &str) -> Result<bool, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let held = tx.acquire_lease(lease, self.owner, self.core.now(), LEASE_MS).await?;
        self.core.commit(tx).await?;
        Ok(held)
    }
}
