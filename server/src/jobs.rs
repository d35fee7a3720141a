//! Durable background work: takes due jobs from the store, runs them under a lease, and tries again when they fail.
//!
//! A job belongs to one workspace or session and brings it to its goal. It is idempotent: whatever it finds, it does
//! what is left to do, so a killed server takes it up again.

mod alarm;
mod reconcile;
mod session;
mod warm;
mod workspace;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use alarm::{Alarm, Signal};
pub use reconcile::Reconciler;
pub use session::{SandboxPolicy, SessionJob};
pub use warm::{Warm, WarmPool};
pub use workspace::WorkspaceJob;

use crate::domain::job::{MAX_ATTEMPTS, backoff_ms};
use crate::domain::{Job, JobKind};
use crate::sandbox::SandboxError;
use crate::services::{Core, ServiceError};
use crate::store::Heartbeat;

/// How many jobs one server runs at a time.
const PARALLEL: usize = 16;

/// How long a server may keep silent before another takes its job.
const LEASE_MS: i64 = 30_000;

/// How often the lease is renewed.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How often the store is asked for jobs that another server left, at the latest.
const POLL: Duration = Duration::from_secs(5);

/// How long a job that waits for the container engine does so before it looks again, at the most.
const ENGINE_RETRY_MS: i64 = 4_000;

/// How a run of a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There is nothing left to do, or something else will ask for the job again.
    Done,
    /// It has to look again, after this many milliseconds at the latest.
    LookAgain {
        /// Milliseconds.
        after_ms: i64,
    },
}

/// Why a run of a job failed. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// A service or the store failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The sandbox provider failed.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The agent daemon couldn't be reached or refused.
    #[error(transparent)]
    Daemon(#[from] crate::sandbox::DaemonError),
    /// Git failed where the source isn't to blame.
    #[error(transparent)]
    Git(#[from] crate::git::GitError),
}

impl JobError {
    /// Whether it passes as soon as the container engine is there again, so that nobody has to ask for the job again.
    fn waits_for_the_engine(&self) -> bool {
        matches!(self, Self::Sandbox(SandboxError::EngineGone { .. }))
    }
}

impl From<crate::store::StoreError> for JobError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Service(error.into())
    }
}

impl From<crate::domain::InvalidTransition> for JobError {
    fn from(error: crate::domain::InvalidTransition) -> Self {
        Self::Service(error.into())
    }
}

/// Runs jobs until it is told to stop.
pub struct Runner {
    /// The store and the alarm.
    pub core: Arc<Core>,
    /// Names this server in leases.
    pub owner: Uuid,
    /// What runs jobs of workspaces.
    pub workspaces: WorkspaceJob,
    /// What runs jobs of sessions.
    pub sessions: SessionJob,
}

impl Runner {
    /// Takes and runs jobs until `shutdown` is cancelled; then gives back what it holds.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let places = Arc::new(Semaphore::new(PARALLEL));
        let tasks = TaskTracker::new();
        while !shutdown.is_cancelled() {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
            match self.take().await {
                Ok(Some(job)) => {
                    let runner = Arc::clone(&self);
                    let shutdown = shutdown.clone();
                    tasks.spawn(async move {
                        let cancelled = shutdown.cancelled();
                        tokio::select! {
                            () = runner.run_one(job) => {}
                            () = cancelled => {}
                        }
                        drop(place);
                        // What is waiting for the same subject may now be taken.
                        runner.core.alarm.wake();
                    });
                }
                Ok(None) => {
                    drop(place);
                    self.wait(&shutdown).await;
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "can't take a job");
                    tokio::select! { () = tokio::time::sleep(POLL) => {}, () = shutdown.cancelled() => {} }
                }
            }
        }
        tasks.close();
        tasks.wait().await;
        if let Err(error) = self.release().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "jobs stay leased until their leases run out");
        }
    }

    /// Gives back every job of this server, for instance those of its former life.
    pub async fn release(&self) -> Result<(), ServiceError> {
        let mut tx = self.core.store.begin().await?;
        tx.release_jobs(self.owner).await?;
        self.core.commit(tx).await
    }

    async fn take(&self) -> Result<Option<Job>, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let job = tx.take_job(self.owner, self.core.fresh(), self.core.now(), LEASE_MS).await?;
        self.core.commit(tx).await?;
        Ok(job)
    }

    async fn wait(&self, shutdown: &CancellationToken) {
        let now = self.core.now();
        let due = async { self.core.store.read().await?.next_due().await }.await;
        let pause = match due {
            Ok(Some(at)) => Duration::from_millis(at.ms_since(now)).min(POLL),
            Ok(None) => POLL,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "can't ask when the next job is due");
                POLL
            }
        };
        tokio::select! {
            () = self.core.alarm.woken() => {}
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => {}
        }
    }

    async fn run_one(&self, job: Job) {
        let signal = self.core.alarm.signal(job.kind, job.subject);
        let result = tokio::select! {
            result = self.work(&job, &signal) => result,
            () = self.keep_alive(&job, &signal) => {
                tracing::warn!(job.subject = %job.subject, "the lease on the job of {} was lost", job.subject);
                return;
            }
        };
        let ended = match result {
            Ok(Outcome::Done) => self.finish(&job).await,
            Ok(Outcome::LookAgain { after_ms }) => self.retry(&job, after_ms, "").await,
            Err(error) => self.failed(&job, &error).await,
        };
        if let Err(error) = ended {
            tracing::error!(job.subject = %job.subject, error = &error as &dyn std::error::Error, "can't note how the job of {} ended", job.subject);
        }
    }

    async fn work(&self, job: &Job, signal: &Signal) -> Result<Outcome, JobError> {
        match job.kind {
            JobKind::Workspace => self.workspaces.run(job, signal).await,
            JobKind::Session => self.sessions.run(job, signal).await,
        }
    }

    /// Renews the lease; returns when it was lost.
    async fn keep_alive(&self, job: &Job, signal: &Signal) {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            let beat = async {
                let mut tx = self.core.store.begin().await?;
                let beat = tx.heartbeat(job, self.core.now(), LEASE_MS).await?;
                self.core.commit(tx).await?;
                Ok::<_, ServiceError>(beat)
            };
            match beat.await {
                Ok(Heartbeat::Current) => {}
                Ok(Heartbeat::AskedAgain) => signal.notify(),
                Ok(Heartbeat::Lost) => return,
                Err(error) => {
                    tracing::warn!(job.subject = %job.subject, error = &error as &dyn std::error::Error, "the lease on the job of {} wasn't renewed", job.subject);
                }
            }
        }
    }

    async fn finish(&self, job: &Job) -> Result<(), ServiceError> {
        let mut tx = self.core.store.begin().await?;
        tx.finish_job(job).await?;
        self.core.commit(tx).await
    }

    async fn retry(&self, job: &Job, after_ms: i64, error: &str) -> Result<(), ServiceError> {
        let mut tx = self.core.store.begin().await?;
        tx.retry_job(job, self.core.now().plus_ms(after_ms), error).await?;
        self.core.commit(tx).await
    }

    async fn failed(&self, job: &Job, error: &JobError) -> Result<(), ServiceError> {
        tracing::warn!(job.subject = %job.subject, job.attempts = job.attempts, error = error as &dyn std::error::Error, "the job of {} failed", job.subject);
        if error.waits_for_the_engine() {
            return self.retry(job, backoff_ms(job.attempts).min(ENGINE_RETRY_MS), &error.to_string()).await;
        }
        if job.attempts < MAX_ATTEMPTS {
            return self.retry(job, backoff_ms(job.attempts), &error.to_string()).await;
        }
        match job.kind {
            JobKind::Workspace => self.workspaces.give_up(job, error).await?,
            JobKind::Session => self.sessions.give_up(job, error).await?,
        }
        self.finish(job).await
    }
}
