//! What an agent's tools leave running when its work is cancelled: processes below the program that weren't there when the
//! work began.
//!
//! The program's root process is a subreaper, so that all of them are below it, whatever they did. What earlier turns
//! have left in the background goes on, with all that it starts meanwhile.

use std::collections::{HashMap, HashSet};
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

/// A process, told from a later one with the same id.
type Identity = (Pid, u64);

/// The processes below a program, as they were when it got its prompts.
#[derive(Debug, Default)]
pub struct Processes {
    /// Those that were there before its first prompt: its own.
    own: Option<HashSet<Identity>>,
    /// Those that were there before its last prompt.
    before: HashSet<Identity>,
}

impl Processes {
    /// Takes note of those that are below the root process. A prompt is given next.
    pub fn remember(&mut self, root: Pid) -> io::Result<()> {
        self.before = descendants::below(root)?.into_iter().map(identity).collect();
        self.own.get_or_insert_with(|| self.before.clone());
        Ok(())
    }

    /// Ends what was started for the last prompt. Returns how many processes couldn't be ended.
    pub async fn end_newer(&self, root: Pid) -> io::Result<usize> {
        let began = Instant::now();
        let mut asked = HashSet::new();
        loop {
            let newer = self.newer(&descendants::below(root)?);
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

    /// Those that run for the last prompt.
    fn newer(&self, all: &[Descendant]) -> Vec<Descendant> {
        let by_pid: HashMap<i32, &Descendant> = all.iter().map(|found| (raw(found.pid), found)).collect();
        let is_background = |found: &Descendant| {
            let is_own = self.own.as_ref().is_some_and(|own| own.contains(&identity(*found)));
            self.before.contains(&identity(*found)) && !is_own
        };
        let is_newer = |found: &&Descendant| {
            let mut ancestors = std::iter::successors(by_pid.get(&found.parent), |above| by_pid.get(&above.parent));
            !found.is_zombie
                && !self.before.contains(&identity(**found))
                && !ancestors.any(|above| is_background(above))
        };
        all.iter().filter(is_newer).copied().collect()
    }
}

fn identity(process: Descendant) -> Identity {
    (process.pid, process.began)
}

fn raw(pid: Pid) -> i32 {
    pid.as_raw_nonzero().get()
}

fn signal(pid: Pid, signal: Signal) -> io::Result<()> {
    match kill_process(pid, signal) {
        // It may have ended, or belong to somebody else: the next look tells.
        Ok(()) | Err(Errno::SRCH | Errno::PERM) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, parent: i32) -> Descendant {
        Descendant { pid: Pid::from_raw(pid).unwrap(), parent, began: 1, is_zombie: false }
    }

    #[test]
    fn what_the_turn_started_is_newer_and_what_earlier_ones_left_is_not() {
        // 2 is the program, 3 a helper of its own, 4 a server that an earlier turn has left in the background.
        let (program, helper, server) = (process(2, 1), process(3, 2), process(4, 2));
        let own = Some([program, helper].map(identity).into());
        let processes = Processes { own, before: [program, helper, server].map(identity).into() };
        let (tool, worker, orphan) = (process(5, 3), process(6, 4), process(7, 1));
        let zombie = Descendant { is_zombie: true, ..process(8, 2) };
        let reused = Descendant { began: 2, ..process(4, 3) };
        let newer =
            |all: &[Descendant]| -> Vec<_> { processes.newer(all).into_iter().map(|found| raw(found.pid)).collect() };
        assert_eq!(newer(&[program, helper, server, tool, worker, orphan, zombie]), [5, 7]);
        assert_eq!(newer(&[program, helper, reused]), [4]);
    }
}
