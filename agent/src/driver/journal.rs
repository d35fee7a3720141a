//! Writing to the event log when it may fail, and making it durable in time.
//!
//! When the disk is full, what a tool call prints and an agent says is dropped, but the end of a tool call or a turn is
//! kept and written when there is space again.

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

use octobot_wire::daemon::DaemonEventBody;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::log::{EventLog, LogError};

/// What was written is durable after this long at the latest.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// The first pause before a failed write is tried again; it doubles …
const FIRST_RETRY: Duration = Duration::from_millis(250);

/// … up to this.
const LONGEST_RETRY: Duration = Duration::from_secs(10);

/// The log's writer.
#[derive(Debug)]
pub struct Journal {
    log: EventLog,
    clock: Clock,
    /// When to make durable what has been written since the last time.
    sync_at: Option<Instant>,
    /// Whether output of the running tool call or agent was lost. Its further output is dropped, so that there is no hole
    /// in it.
    lost_output: bool,
    /// Events that couldn't be written and must be.
    waiting: VecDeque<DaemonEventBody>,
    retry: Option<Retry>,
}

#[derive(Debug, Clone, Copy)]
struct Retry {
    at: Instant,
    pause: Duration,
}

/// The event wasn't written. If it matters it will be.
#[derive(Debug)]
pub struct NotWritten;

impl Journal {
    /// Writes to a log.
    pub fn new(log: EventLog, clock: Clock) -> Self {
        Self { log, clock, sync_at: None, lost_output: false, waiting: VecDeque::new(), retry: None }
    }

    /// Whether events wait for the log.
    pub fn is_stuck(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Writes an event, behind those that wait.
    pub fn write(&mut self, body: DaemonEventBody) -> Result<(), NotWritten> {
        if is_output(&body) {
            return self.write_output(body);
        }
        self.lost_output = false;
        if self.is_stuck() {
            self.waiting.push_back(body);
            return Err(NotWritten);
        }
        self.append(body.clone()).map_err(|error| {
            tracing::error!(error = &error as &dyn Error, "an event waits until it can be written");
            self.waiting.push_back(body);
            self.retry_after(FIRST_RETRY);
            NotWritten
        })
    }

    fn write_output(&mut self, body: DaemonEventBody) -> Result<(), NotWritten> {
        if self.lost_output || self.is_stuck() {
            return Err(NotWritten);
        }
        self.append(body).map_err(|error| {
            tracing::error!(error = &error as &dyn Error, "output can't be written and is lost");
            self.lost_output = true;
            NotWritten
        })
    }

    /// Writes an event and makes it durable.
    pub async fn write_durably(&mut self, body: DaemonEventBody) -> Result<(), LogError> {
        self.append(body)?;
        // Readers may have the event by now, so there is no way back when only the disk's confirmation is missing.
        self.sync().await;
        Ok(())
    }

    /// Makes durable what has been written.
    pub async fn sync(&mut self) {
        if self.sync_at.take().is_none() {
            return;
        }
        let file = self.log.file();
        // On a thread of its own, because a disk may take its time and routes are served meanwhile.
        let synced = spawn_blocking(move || file.sync_data()).await.expect("syncing doesn't panic");
        if let Err(error) = synced {
            tracing::error!(error = %error, "the event log may not be durable");
        }
    }

    /// Whether [`Journal::attend`] is to be called at [`Journal::due`].
    pub fn is_due(&self) -> bool {
        self.sync_at.is_some() || self.retry.is_some()
    }

    /// The next time at which there is something to do.
    pub fn due(&self) -> Instant {
        let retry_at = self.retry.map(|retry| retry.at);
        self.sync_at.into_iter().chain(retry_at).min().unwrap_or_else(Instant::now)
    }

    /// Does what is due: makes durable, tries again.
    pub async fn attend(&mut self) {
        let now = Instant::now();
        if self.sync_at.is_some_and(|at| at <= now) {
            self.sync().await;
        }
        if let Some(Retry { pause, .. }) = self.retry.filter(|retry| retry.at <= now) {
            self.retry = None;
            self.write_waiting(pause);
            self.sync().await;
        }
    }

    /// Writes what waits, if it can be, and makes all durable. The log's readers end.
    pub async fn close(mut self) {
        self.write_waiting(LONGEST_RETRY);
        self.sync().await;
    }

    fn write_waiting(&mut self, last_pause: Duration) {
        while let Some(body) = self.waiting.front().cloned() {
            if let Err(error) = self.append(body) {
                tracing::debug!(error = %error, "the event log can't be written yet");
                self.retry_after((last_pause * 2).min(LONGEST_RETRY));
                return;
            }
            self.waiting.pop_front();
        }
    }

    fn append(&mut self, body: DaemonEventBody) -> Result<(), LogError> {
        self.log.append((self.clock)(), body)?;
        self.sync_at.get_or_insert_with(|| Instant::now() + SYNC_INTERVAL);
        Ok(())
    }

    fn retry_after(&mut self, pause: Duration) {
        self.retry = Some(Retry { at: Instant::now() + pause, pause });
    }
}

/// Whether an event is one of many that come in a stream, so that it may be dropped when the disk is full.
fn is_output(body: &DaemonEventBody) -> bool {
    matches!(
        body,
        DaemonEventBody::Output { .. }
            | DaemonEventBody::Text { .. }
            | DaemonEventBody::Reasoning { .. }
            | DaemonEventBody::File { .. }
            | DaemonEventBody::ToolCallChanged { .. }
            | DaemonEventBody::Context { .. }
            | DaemonEventBody::CodeChanged
            | DaemonEventBody::TerminalsChanged
    )
}
