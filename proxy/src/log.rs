//! What passed: one record for each request or connection, in memory for questions and on disk to be kept.
//!
//! No record has a header's value, a body or a query. Nothing here decides, and nothing here makes a request wait: what can't
//! be written is counted as lost.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use tokio::sync::watch;

use crate::clock::{self, Clock};

mod entry;
mod files;
mod record;
mod ring;
mod writer;

pub use entry::Entry;
pub use record::{Decision, Filter, Protocol, Record};
pub use writer::{Health, Retention};

use ring::Ring;
use writer::Writer;

/// How many hosts are counted apart; what comes after is counted together.
const MOST_HOSTS: usize = 4096;

/// Under which name the rest is counted.
const REST: &str = "(others)";

/// The log of a proxy. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Log(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    session: Option<String>,
    clock: Clock,
    memory: Mutex<Memory>,
    last: watch::Sender<u64>,
    writer: Option<Writer>,
}

#[derive(Debug)]
struct Memory {
    next: u64,
    ring: Ring,
    hosts: BTreeMap<String, Counts>,
}

/// What was counted for a host since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Counts {
    /// Requests and connections that were let through.
    pub allowed: u64,
    /// Those that weren't.
    pub denied: u64,
    /// Those that failed on the way.
    pub failed: u64,
    /// Bytes to the host.
    pub bytes_up: u64,
    /// Bytes from it.
    pub bytes_down: u64,
}

/// What follows a number.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// The records, the oldest first.
    #[serde(serialize_with = "plainly")]
    pub records: Vec<Arc<Record>>,
    /// The last number that was looked at: what to ask after next.
    pub last: u64,
    /// Whether records are missing between the number asked for and the first one held.
    pub gap: bool,
}

impl Log {
    /// A log that goes on with the numbers of what `retention` finds on disk, or one in memory only.
    pub fn open(session: Option<String>, retention: Option<Retention>, clock: Clock) -> io::Result<Self> {
        let (tail, writer) = match retention {
            Some(retention) => {
                let tail = files::tail(&retention.folder)?;
                (tail, Some(Writer::start(retention)?))
            }
            None => (Vec::new(), None),
        };
        let next = tail.last().map_or(1, |record| record.number + 1);
        let mut ring = Ring::default();
        for record in tail {
            ring.push(Arc::new(record));
        }
        let memory = Memory { next, ring, hosts: BTreeMap::new() };
        let last = watch::Sender::new(next - 1);
        Ok(Self(Arc::new(Inner { session, clock, memory: Mutex::new(memory), last, writer })))
    }

    /// Begins the record of a request or connection. It is written when the entry is dropped.
    pub fn begin(&self, protocol: Protocol) -> Entry {
        Entry::new(self.clone(), protocol)
    }

    /// How writing to disk goes; `None` if nothing is written.
    pub fn health(&self) -> Option<Health> {
        self.0.writer.as_ref().map(Writer::health)
    }

    /// How much is kept on disk from now on.
    pub fn retain(&self, file_bytes: u64, total_bytes: u64) {
        if let Some(writer) = &self.0.writer {
            writer.retain(file_bytes, total_bytes);
        }
    }

    /// Up to `limit` records after a number that pass a filter.
    pub fn after(&self, number: u64, filter: &Filter, limit: usize) -> Page {
        self.memory().ring.after(number, filter, limit)
    }

    /// What was counted, by host.
    pub fn hosts(&self) -> BTreeMap<String, Counts> {
        self.memory().hosts.clone()
    }

    /// Tells the number of each new record, as far as the receiver keeps up.
    pub fn numbers(&self) -> watch::Receiver<u64> {
        self.0.last.subscribe()
    }

    /// Waits until all records so far are on disk, or for `patience`.
    pub fn flush(&self, patience: Duration) {
        if let Some(writer) = &self.0.writer {
            writer.flush(patience);
        }
    }

    fn now(&self) -> String {
        clock::rfc3339((self.0.clock)())
    }

    fn add(&self, mut record: Record) {
        record.session.clone_from(&self.0.session);
        let mut memory = self.memory();
        record.number = memory.next;
        memory.next += 1;
        memory.count(&record);
        let record = Arc::new(record);
        memory.ring.push(Arc::clone(&record));
        // In the order of the numbers, so while the lock is held; it never waits.
        if let Some(writer) = &self.0.writer {
            writer.write(&record);
        }
        drop(memory);
        // Telling nobody takes time as well.
        if self.0.last.receiver_count() > 0 {
            self.0.last.send_replace(record.number);
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn count(&mut self, record: &Record) {
        let host = if record.host.is_empty() { "(none)" } else { record.host.as_str() };
        let known = self.hosts.contains_key(host) || self.hosts.len() < MOST_HOSTS;
        let host = if known { host } else { REST };
        let counts = match self.hosts.get_mut(host) {
            Some(counts) => counts,
            None => self.hosts.entry(host.to_owned()).or_default(),
        };
        match record.decision {
            Decision::Allow | Decision::Tunnel | Decision::Cached => counts.allowed += 1,
            Decision::Deny | Decision::Refuse => counts.denied += record.attempts.unwrap_or(1),
            Decision::Fail => counts.failed += 1,
        }
        counts.bytes_up += record.bytes_up;
        counts.bytes_down += record.bytes_down;
    }
}

/// Records are shared in memory, and written as if they weren't.
fn plainly<S: Serializer>(records: &[Arc<Record>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(records.iter().map(Arc::as_ref))
}

#[cfg(test)]
mod tests;
