//! The event log: an append-only file of [`DaemonEvent`]s, one a line, numbered 1, 2, 3 … without a gap.
//!
//! An event is in the file before anybody hears of it. Here belong writing, recovering and following the file; what
//! the events mean for turns does not.

mod index;
mod reader;
mod record;
mod recovery;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use octobot_wire::Timestamp;
use octobot_wire::daemon::{DaemonEvent, DaemonEventBody};
use rustix::fs::FlockOperation;
use tokio::sync::watch;

use crate::log::index::Index;
pub use crate::log::reader::{FollowError, LogReader};
pub use crate::log::record::{OutcomeName, Record, RecordKind};

/// How long another daemon's lock is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// The pause between two attempts to get it. There is no event to wait for with an end.
const LOCK_RETRY: Duration = Duration::from_millis(2);

/// What is wrong with the log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It can't be opened or made.
    #[error("the event log can't be opened")]
    Open(#[source] io::Error),
    /// Another daemon writes it.
    #[error("another daemon writes the event log")]
    InUse,
    /// It can't be read.
    #[error("the event log can't be read")]
    Read(#[source] io::Error),
    /// It can't be written.
    #[error("the event log can't be written")]
    Write(#[source] io::Error),
    /// It doesn't hold what the daemon wrote.
    #[error("the event log is corrupt at byte {byte}: event {expected} should stand there")]
    Corrupt {
        /// The offset of the line.
        byte: u64,
        /// The number of the event that should be there.
        expected: u64,
    },
}

/// Where the log ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tail {
    /// The number of the last event; 0 when there is none.
    pub last: u64,
    /// The length of the file.
    pub bytes: u64,
}

/// The log, for its one writer. Readers end when it is dropped.
#[derive(Debug)]
pub struct EventLog {
    file: Arc<File>,
    index: Arc<RwLock<Index>>,
    tail: watch::Sender<Tail>,
}

impl EventLog {
    /// Opens the log, or makes it, and tells `observe` of every event that it holds.
    pub fn open(path: &Path, observe: impl FnMut(&Record)) -> Result<Self, LogError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path).map_err(LogError::Open)?;
        lock(&file)?;
        let recovered = recovery::read_through(&file, observe)?;
        Ok(Self {
            file: Arc::new(file),
            index: Arc::new(RwLock::new(recovered.index)),
            tail: watch::Sender::new(recovered.tail),
        })
    }

    /// Writes the next event and lets readers have it. After a failure the log is as it was before.
    pub fn append(&mut self, at: Timestamp, body: DaemonEventBody) -> Result<(), LogError> {
        let Tail { last, bytes } = *self.tail.borrow();
        let number = last + 1;
        let line = record::line(&DaemonEvent { number, at, body });
        if let Err(error) = self.file.write_all_at(&line, bytes) {
            // A part of the line may be in the file. If it can't be cut off now, the next line is written over it, and
            // what is left behind that is cut off as torn when the log is next opened.
            if let Err(error) = self.file.set_len(bytes) {
                tracing::warn!(error = %error, "a part of a line is left at the end of the event log");
            }
            return Err(LogError::Write(error));
        }
        self.index.write().expect("nobody panics while holding the index").note(number, bytes);
        self.tail.send_replace(Tail { last: number, bytes: bytes + line.len() as u64 });
        Ok(())
    }

    /// The file, to make what has been written durable elsewhere than on the writer's thread.
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// A reader.
    pub fn reader(&self) -> LogReader {
        LogReader { file: Arc::clone(&self.file), index: Arc::clone(&self.index), tail: self.tail.subscribe() }
    }
}

/// Makes this process the only writer.
///
/// A daemon that was killed while it started a program has left a copy of itself, which holds the lock until it has become
/// that program.
fn lock(file: &File) -> Result<(), LogError> {
    let end = Instant::now() + LOCK_PATIENCE;
    while rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive).is_err() {
        if Instant::now() >= end {
            return Err(LogError::InUse);
        }
        thread::sleep(LOCK_RETRY);
    }
    Ok(())
}

impl LogError {
    /// Whether space would help.
    pub fn is_full(&self) -> bool {
        let (Self::Open(error) | Self::Read(error) | Self::Write(error)) = self else { return false };
        matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

#[cfg(test)]
mod tests;
