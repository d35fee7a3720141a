//! What an agent's tools leave running when its work is cancelled: processes below the program that weren't there when the
//! work began.
//!
//! The program's root process is a subreaper, so that all of them are below it, whatever they did.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use crate::descendants::{self, Descendant};

/// They have this long to end by themselves.
const GRACE: Duration = Duration::from_secs(2);

/// After that long in all nobody can do more.
const LIMIT: Duration = Duration::from_secs(5);

/// There is no event for the death of somebody else's child.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The processes below a program at one time.
#[derive(Debug)]
pub struct Snapshot(HashSet<(Pid, u64)>);

impl Snapshot {
    /// Those that are below this process now.
    pub fn below(root: Pid) -> io::Result<Self> {
        Ok(Self(descendants::below(root)?.into_iter().map(identity).collect()))
    }

    /// Ends those that are below the process now and weren't then. Returns how many couldn't be ended.
    pub async fn end_newer(&self, root: Pid) -> io::Result<usize> {
        let began = Instant::now();
        let mut asked = HashSet::new();
        loop {
            let is_left = |found: &Descendant| !found.is_zombie && !self.0.contains(&identity(*found));
            let newer: Vec<_> = descendants::below(root)?.into_iter().filter(is_left).collect();
            if newer.is_empty() || began.elapsed() > LIMIT {
                return Ok(newer.len());
            }
            let force = began.elapsed() > GRACE;
            for found in newer {
                if force || asked.insert(identity(found)) {
                    signal(found.pid, if force { Signal::KILL } else { Signal::TERM })?;
                }
            }
            sleep(LOOK_AGAIN).await;
        }
    }
}

fn identity(process: Descendant) -> (Pid, u64) {
    (process.pid, process.began)
}

fn signal(pid: Pid, signal: Signal) -> io::Result<()> {
    match kill_process(pid, signal) {
        // It may have ended, or belong to somebody else: the next look tells.
        Ok(()) | Err(Errno::SRCH | Errno::PERM) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
