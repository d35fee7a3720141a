//! The alarm: wakes the runner when a job was asked for, and the job itself when it runs already.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;
use uuid::Uuid;

use crate::domain::JobKind;

/// See the module.
#[derive(Debug, Default)]
pub struct Alarm {
    runner: Notify,
    running: Mutex<HashMap<(JobKind, Uuid), Weak<Notify>>>,
}

/// Tells a running job that its subject changed.
#[derive(Debug, Clone)]
pub struct Signal(Arc<Notify>);

impl Signal {
    /// Waits until the job is asked for again. What happened before isn't forgotten.
    pub async fn heard(&self) {
        self.0.notified().await;
    }

    pub(super) fn notify(&self) {
        self.0.notify_one();
    }
}

impl Alarm {
    /// A job was asked for and that is committed.
    pub fn ring(&self, kind: JobKind, subject: Uuid) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = running.get(&(kind, subject)).and_then(Weak::upgrade) {
            job.notify_one();
        }
        self.runner.notify_one();
    }

    /// Some job may have become free to run.
    pub(super) fn wake(&self) {
        self.runner.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.runner.notified().await;
    }

    /// The signal of a job that begins to run.
    pub(super) fn signal(&self, kind: JobKind, subject: Uuid) -> Signal {
        let job = Arc::new(Notify::new());
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, job| job.strong_count() > 0);
        running.insert((kind, subject), Arc::downgrade(&job));
        Signal(job)
    }
}
