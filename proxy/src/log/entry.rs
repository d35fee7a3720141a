//! A record in the making.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

use super::{Decision, Log, Protocol, Record};
use crate::policy::{Host, Target};

/// Longer methods and paths are cut in the log.
const LONGEST_TEXT: usize = 2048;

/// A record that is written when this is dropped, so that whatever ends a request also ends its record.
#[derive(Debug)]
pub struct Entry {
    log: Log,
    record: Record,
    began: Instant,
    up: Arc<AtomicU64>,
    down: Arc<AtomicU64>,
    silent: bool,
}

impl Entry {
    pub(super) fn new(log: Log, protocol: Protocol) -> Self {
        let record = Record { time: log.now(), protocol, ..Record::default() };
        Self { log, record, began: Instant::now(), up: Arc::default(), down: Arc::default(), silent: false }
    }

    /// Says where it goes.
    pub fn target(&mut self, target: &Target) -> &mut Self {
        self.record.host = match &target.host {
            Host::Name(name) => name.as_str().to_owned(),
            Host::Address(_) => target.host.to_string(),
        };
        self.record.port = target.port;
        self
    }

    /// Says where it goes when that couldn't be understood.
    pub fn host(&mut self, host: &str, port: u16) -> &mut Self {
        self.record.host = cut(host);
        self.record.port = port;
        self
    }

    /// Says what is asked for. The query isn't kept: keys have been seen in queries.
    pub fn request(&mut self, method: &str, path: &str) -> &mut Self {
        self.record.method = Some(cut(method));
        self.record.path = Some(cut(path.split(['?', '#']).next().unwrap_or_default()));
        self
    }

    /// Says which address it goes to.
    pub fn address(&mut self, address: IpAddr) -> &mut Self {
        self.record.address = Some(address);
        self
    }

    /// Says how many attempts it stands for.
    pub fn attempts(&mut self, times: u64) -> &mut Self {
        self.record.attempts = Some(times);
        self
    }

    /// Says what it is answered with.
    pub fn status(&mut self, status: u16) -> &mut Self {
        self.record.status = Some(status);
        self
    }

    /// Says what became of it.
    pub fn decide(&mut self, decision: Decision, rule: &str) -> &mut Self {
        self.record.decision = decision;
        rule.clone_into(&mut self.record.rule);
        self
    }

    /// Whether the policy has denied it.
    pub fn is_denied(&self) -> bool {
        self.record.decision == Decision::Deny
    }

    /// Counts what the client sends.
    pub fn up(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.up)
    }

    /// Counts what the client gets.
    pub fn down(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.down)
    }

    /// Leaves no record: what is in the connection has records of its own.
    pub fn forget(mut self) {
        self.silent = true;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.silent {
            return;
        }
        let mut record = std::mem::take(&mut self.record);
        record.bytes_up = self.up.load(Ordering::Relaxed);
        record.bytes_down = self.down.load(Ordering::Relaxed);
        record.duration_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.log.add(record);
    }
}

fn cut(text: &str) -> String {
    if text.len() <= LONGEST_TEXT { text.to_owned() } else { text.chars().take(LONGEST_TEXT).collect() }
}
