//! The thread that writes records to disk. Whoever has a record leaves its line and goes on: a disk that is slow or full costs
//! records, never requests. Lines are made where the records are, for the thread would keep more requests waiting for each that
//! it makes.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::{Record, files};

/// How many bytes are written at once, give or take a record.
const BATCH: usize = 64 * 1024;

/// How many batches may wait for the disk.
const WAITING: usize = 64;

/// How many of them are written at once, however little time has passed.
const HASTE: usize = WAITING / 4;

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

/// A way to the thread, which ends with it.
#[derive(Debug)]
pub struct Writer(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Tells the thread to look.
    calls: Condvar,
    failure: Mutex<Option<String>>,
    lost: AtomicU64,
    file_bytes: AtomicU64,
    total_bytes: AtomicU64,
}

/// What waits for the thread.
#[derive(Debug, Default)]
struct Waiting {
    batches: VecDeque<Batch>,
    flushes: Vec<SyncSender<()>>,
    is_closed: bool,
}

/// Lines that are written at once.
#[derive(Debug, Default)]
struct Batch {
    lines: Vec<u8>,
    records: u64,
    /// The number after the last one.
    next: u64,
}

impl Writer {
    /// Starts the thread. A folder that can't be written to is no reason not to start: the disk may come back.
    pub fn start(retention: Retention) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        shared.file_bytes.store(retention.file_bytes, Ordering::Relaxed);
        shared.total_bytes.store(retention.total_bytes, Ordering::Relaxed);
        let desk = Desk { folder: retention.folder, shared: Arc::clone(&shared), file: None };
        thread::Builder::new().name("log".to_owned()).stack_size(256 * 1024).spawn(move || desk.work())?;
        Ok(Self(shared))
    }

    /// Leaves a record's line, without waiting.
    pub fn write(&self, record: &Record) {
        let mut waiting = self.0.waiting();
        let is_first = waiting.batches.is_empty();
        if waiting.batches.back().is_none_or(|batch| batch.lines.len() >= BATCH) {
            if waiting.batches.len() == WAITING {
                drop(waiting);
                self.0.lost.fetch_add(1, Ordering::Relaxed);
                return;
            }
            waiting.batches.push_back(Batch::default());
        }
        let batches = waiting.batches.len();
        let batch = waiting.batches.back_mut().expect("one was made for it");
        batch.add(record);
        let is_full = batch.lines.len() >= BATCH;
        drop(waiting);
        if is_first || (is_full && batches >= HASTE) {
            self.0.calls.notify_one();
        }
    }

    /// Waits until everything that was handed over is on disk, or for `patience`.
    pub fn flush(&self, patience: Duration) {
        let (done, wait) = mpsc::sync_channel(1);
        self.0.waiting().flushes.push(done);
        self.0.calls.notify_one();
        // Whether it worked is in the health.
        let _ = wait.recv_timeout(patience);
    }

    /// How writing goes.
    pub fn health(&self) -> Health {
        let failure = self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Health { failure, lost: self.0.lost.load(Ordering::Relaxed) }
    }

    /// How much is kept from now on.
    pub fn retain(&self, file_bytes: u64, total_bytes: u64) {
        self.0.file_bytes.store(file_bytes, Ordering::Relaxed);
        self.0.total_bytes.store(total_bytes, Ordering::Relaxed);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.waiting().is_closed = true;
        self.0.calls.notify_one();
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to write, and a while for more to come; `None` when there will be nothing more.
    fn take(&self) -> Option<Waiting> {
        let is_idle =
            |waiting: &mut Waiting| waiting.batches.is_empty() && waiting.flushes.is_empty() && !waiting.is_closed;
        let waiting = self.calls.wait_while(self.waiting(), is_idle).unwrap_or_else(PoisonError::into_inner);
        // One wake-up for all that come in this time.
        let gathers =
            |waiting: &mut Waiting| waiting.batches.len() < HASTE && waiting.flushes.is_empty() && !waiting.is_closed;
        let gathered = self.calls.wait_timeout_while(waiting, GATHER, gathers);
        let mut waiting = gathered.unwrap_or_else(PoisonError::into_inner).0;
        let is_last = waiting.is_closed && waiting.batches.is_empty() && waiting.flushes.is_empty();
        let taken = Waiting {
            batches: std::mem::take(&mut waiting.batches),
            flushes: std::mem::take(&mut waiting.flushes),
            is_closed: waiting.is_closed,
        };
        (!is_last).then_some(taken)
    }
}

impl Batch {
    fn add(&mut self, record: &Record) {
        serde_json::to_writer(&mut self.lines, record).expect("a record is plain data");
        self.lines.push(b'\n');
        self.records += 1;
        self.next = record.number + 1;
    }
}

/// What the thread has before it.
struct Desk {
    folder: PathBuf,
    shared: Arc<Shared>,
    file: Option<(std::fs::File, u64)>,
}

impl Desk {
    fn work(mut self) {
        // Of this thread alone, on Linux. Where it isn't allowed, requests wait a little longer.
        let _ = rustix::process::nice(NICENESS);
        while let Some(taken) = self.shared.take() {
            for batch in taken.batches {
                self.write(&batch);
            }
            for done in taken.flushes {
                // Whoever asked may have gone.
                let _ = done.send(());
            }
        }
    }

    fn write(&mut self, batch: &Batch) {
        let outcome = self.try_write(batch);
        let failed = outcome.is_err();
        let failure = outcome.err().map(|error| error.to_string());
        if failed {
            // Half a line may be on disk: what follows begins a new one.
            self.file = None;
            self.shared.lost.fetch_add(batch.records, Ordering::Relaxed);
        }
        *self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        if failed {
            thread::sleep(PAUSE);
        }
    }

    fn try_write(&mut self, batch: &Batch) -> io::Result<()> {
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
        file.write_all(&batch.lines)?;
        *length += batch.lines.len() as u64;
        let file_bytes = self.shared.file_bytes.load(Ordering::Relaxed);
        if *length >= file_bytes {
            self.file = None;
            files::rotate(&self.folder, batch.next)?;
            files::prune(&self.folder, self.shared.total_bytes.load(Ordering::Relaxed).saturating_sub(file_bytes))?;
        }
        Ok(())
    }
}
