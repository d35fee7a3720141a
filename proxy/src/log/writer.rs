//! The thread that writes records to disk. Whoever has a record hands it over and goes on: a disk that is slow or full costs
//! records, never requests.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::{Record, files};

/// How many records may wait for the disk.
const WAITING: usize = 8192;

/// How many bytes are written at once.
const BATCH: usize = 64 * 1024;

/// For how long records are gathered before they are written: each time it wakes, the thread may keep a request waiting.
const GATHER: Duration = Duration::from_millis(100);

/// How much less of the processor it gets than requests do, which needn't wait for it. A quarter of a core is left to it where
/// there is one core and more requests than that can serve.
const NICENESS: i32 = 5;

/// After a failure, the disk is left alone for this long.
const PAUSE: Duration = Duration::from_secs(1);

/// What is kept on disk.
#[derive(Debug, Clone)]
pub struct Retention {
    /// Where.
    pub folder: PathBuf,
    /// A file with this many bytes is put aside.
    pub file_bytes: u64,
    /// How many bytes all files have together, at most.
    pub total_bytes: u64,
}

/// How writing goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Why the last write failed, if it did.
    pub failure: Option<String>,
    /// How many records aren't on disk because of that.
    pub lost: u64,
}

/// A way to the thread.
#[derive(Debug)]
pub struct Writer {
    records: SyncSender<Task>,
    shared: Arc<Shared>,
}

enum Task {
    Record(Arc<Record>),
    Flush(SyncSender<()>),
}

#[derive(Debug, Default)]
struct Shared {
    failure: Mutex<Option<String>>,
    lost: AtomicU64,
    file_bytes: AtomicU64,
    total_bytes: AtomicU64,
}

impl Writer {
    /// Starts the thread. A folder that can't be written to is no reason not to start: the disk may come back.
    pub fn start(retention: Retention) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        shared.file_bytes.store(retention.file_bytes, Ordering::Relaxed);
        shared.total_bytes.store(retention.total_bytes, Ordering::Relaxed);
        let (records, tasks) = mpsc::sync_channel(WAITING);
        let desk =
            Desk { folder: retention.folder, shared: Arc::clone(&shared), file: None, batch: Vec::new(), held: 0 };
        thread::Builder::new().name("log".to_owned()).stack_size(256 * 1024).spawn(move || desk.work(&tasks))?;
        Ok(Self { records, shared })
    }

    /// Hands a record over, without waiting.
    pub fn write(&self, record: Arc<Record>) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.records.try_send(Task::Record(record))
        {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything that was handed over is on disk, or for `patience`.
    pub fn flush(&self, patience: Duration) {
        let (done, wait) = mpsc::sync_channel(1);
        if self.records.try_send(Task::Flush(done)).is_ok() {
            // Whether it worked is in the health.
            let _ = wait.recv_timeout(patience);
        }
    }

    /// How writing goes.
    pub fn health(&self) -> Health {
        let failure = self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Health { failure, lost: self.shared.lost.load(Ordering::Relaxed) }
    }

    /// How much is kept from now on.
    pub fn retain(&self, file_bytes: u64, total_bytes: u64) {
        self.shared.file_bytes.store(file_bytes, Ordering::Relaxed);
        self.shared.total_bytes.store(total_bytes, Ordering::Relaxed);
    }
}

/// What the thread has before it.
struct Desk {
    folder: PathBuf,
    shared: Arc<Shared>,
    file: Option<(std::fs::File, u64)>,
    batch: Vec<u8>,
    /// How many records are in the batch.
    held: u64,
}

impl Desk {
    fn work(mut self, tasks: &Receiver<Task>) {
        // Of this thread alone, on Linux. Where it isn't allowed, requests wait a little longer.
        let _ = rustix::process::nice(NICENESS);
        let mut next = 0;
        while let Ok(first) = tasks.recv() {
            let mut flushed = Vec::new();
            self.take(first, &mut next, &mut flushed);
            if flushed.is_empty() {
                // One wake-up and one write for all that come in this time.
                thread::sleep(GATHER);
            }
            while let Ok(task) = tasks.try_recv() {
                self.take(task, &mut next, &mut flushed);
            }
            self.write(next);
            for done in flushed {
                // Whoever asked may have gone.
                let _ = done.send(());
            }
        }
    }

    fn take(&mut self, task: Task, next: &mut u64, flushed: &mut Vec<SyncSender<()>>) {
        match task {
            Task::Record(record) => {
                *next = record.number + 1;
                self.add(&record);
                if self.batch.len() >= BATCH {
                    self.write(*next);
                }
            }
            Task::Flush(done) => flushed.push(done),
        }
    }

    fn add(&mut self, record: &Record) {
        serde_json::to_writer(&mut self.batch, record).expect("a record is plain data");
        self.batch.push(b'\n');
        self.held += 1;
    }

    fn write(&mut self, next: u64) {
        if self.batch.is_empty() {
            return;
        }
        let outcome = self.try_write(next);
        let failed = outcome.is_err();
        let failure = outcome.err().map(|error| error.to_string());
        if failed {
            // Half a line may be on disk: what follows begins a new one.
            self.file = None;
            self.shared.lost.fetch_add(self.held, Ordering::Relaxed);
        }
        *self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        self.batch.clear();
        self.held = 0;
        if failed {
            thread::sleep(PAUSE);
        }
    }

    fn try_write(&mut self, next: u64) -> io::Result<()> {
        let (file, length) = match &mut self.file {
            Some(open) => open,
            file => {
                let (mut open, length) = files::open(&self.folder)?;
                if length > 0 {
                    // Behind the end of a line that a crash or a full disk cut off, this makes an empty line at worst.
                    open.write_all(b"\n")?;
                }
                file.insert((open, length))
            }
        };
        file.write_all(&self.batch)?;
        *length += self.batch.len() as u64;
        let file_bytes = self.shared.file_bytes.load(Ordering::Relaxed);
        if *length >= file_bytes {
            self.file = None;
            files::rotate(&self.folder, next)?;
            files::prune(&self.folder, self.shared.total_bytes.load(Ordering::Relaxed).saturating_sub(file_bytes))?;
        }
        Ok(())
    }
}
