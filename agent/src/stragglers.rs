//! Processes of a turn or an agent that must have an end and whose root process is no longer there to end them.
//!
//! The root process ends all that is below it. This is for when it was killed itself, or its daemon was: processes are
//! found by the mark in their environment, and waited for.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::time::Duration;
use std::{fs, io};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::task::spawn_blocking;

use crate::control::{MARK_VARIABLE, Mark, ROOT_VARIABLE};

/// A root process whose daemon is gone ends all below it in far less; then it is killed, too.
const ROOT_GRACE: Duration = Duration::from_secs(5);

/// A killed process ends in far less, unless the kernel holds it; nobody can do more then.
const DEATH: Duration = Duration::from_secs(5);

/// Waits for the root processes that a former daemon has left, then kills what else is left of the same mark.
pub async fn end(marks: HashSet<Mark>) -> io::Result<()> {
    on_a_thread(move || {
        for root in marked(ROOT_VARIABLE, &marks)? {
            if !ended_within(&root, ROOT_GRACE)? {
                signal(&root)?;
            }
        }
        kill_marked(&marks)
    })
    .await
}

/// Kills all processes that carry the mark, until there is none.
pub async fn kill(mark: Mark) -> io::Result<()> {
    on_a_thread(move || kill_marked(&HashSet::from([mark]))).await
}

/// The walk through `/proc` and the wait for deaths would hold the runtime up.
async fn on_a_thread(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    spawn_blocking(work).await.expect("looking for processes doesn't panic")
}

fn kill_marked(marks: &HashSet<Mark>) -> io::Result<()> {
    loop {
        let processes = marked(MARK_VARIABLE, marks)?;
        if processes.is_empty() {
            return Ok(());
        }
        for process in &processes {
            signal(process)?;
        }
        for process in &processes {
            if !ended_within(process, DEATH)? {
                tracing::error!("a process of {marks:?} doesn't end");
                return Ok(());
            }
        }
    }
}

/// The processes whose environment has this variable with one of the marks.
fn marked(variable: &str, marks: &HashSet<Mark>) -> io::Result<Vec<OwnedFd>> {
    let marks: HashSet<Vec<u8>> = marks.iter().map(|mark| format!("{variable}={mark}").into_bytes()).collect();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        // Opened before its environment is read, so that the number can't have passed to another process.
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
        // Those that belong to somebody else can't be read, and couldn't be ended either.
        let Ok(environment) = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())) else { continue };
        if environment.split(|&byte| byte == 0).any(|entry| marks.contains(entry)) {
            found.push(process);
        }
    }
    Ok(found)
}

fn signal(process: &OwnedFd) -> io::Result<()> {
    match pidfd_send_signal(process, Signal::KILL) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

fn ended_within(process: &OwnedFd, limit: Duration) -> io::Result<bool> {
    let limit = Timespec::try_from(limit).expect("a limit is a few seconds");
    // A process's descriptor becomes readable when the process ends.
    Ok(poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&limit))? > 0)
}
