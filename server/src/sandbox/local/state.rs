//! What a supervisor has made outside its own process, and the cleaning up after one that was killed.
//!
//! The supervisor writes the state before it makes something, and removes what it made when its sandbox ends. Whoever
//! finds a state without a live supervisor finishes that work. Synchronous: the server calls it on a blocking thread.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal};
use serde::{Deserialize, Serialize};

use super::folder::SessionFolder;
use super::{cgroup, sys};
use crate::sandbox::private;

/// How long SIGKILL may take to end a process.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// What a supervisor has made.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    /// Process 1; none before it was made.
    pub init: Option<ProcessName>,
    /// The proxy; none before it was started.
    #[serde(default)]
    pub proxy: Option<ProcessName>,
    /// The cgroups, each with its full path.
    pub cgroups: Vec<PathBuf>,
    /// Whether the sandbox has been told to end.
    pub stopping: bool,
}

impl State {
    /// Reads the state; `None` where there is none, or none that is understood.
    pub fn read(folder: &SessionFolder) -> io::Result<Option<Self>> {
        match fs::read(folder.state()) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the state.
    pub fn write(&self, folder: &SessionFolder) -> io::Result<()> {
        private::replace(&folder.state(), &serde_json::to_vec(self)?)
    }
}

/// Ends what a supervisor left that didn't clean up: process 1 with all of the sandbox's processes, the proxy, the cgroups.
/// There must be no live supervisor. Does nothing when nothing is left.
pub(super) fn clear_leftovers(folder: &SessionFolder) -> io::Result<()> {
    let Some(state) = State::read(folder)? else { return Ok(()) };
    for pidfd in [&state.init, &state.proxy].into_iter().flatten().filter_map(ProcessName::find) {
        // It has been told to end by the death of its supervisor; this only makes sure.
        let _ended_already = rustix::process::pidfd_send_signal(&pidfd, Signal::KILL);
        if !sys::wait_for_end(pidfd.as_fd(), KILL_TIMEOUT) {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    cgroup::remove(&state.cgroups)?;
    match fs::remove_file(folder.state()) {
        // Somebody else who finished this work was quicker.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Names a process for good: its id alone may be used again, for another one.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProcessName {
    pid: i32,
    /// When it started, in clock ticks since the boot.
    start_ticks: u64,
    boot_id: String,
}

impl ProcessName {
    /// The name of a live process.
    pub fn of(pid: Pid) -> io::Result<Self> {
        let pid = pid.as_raw_pid();
        let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
        Ok(Self { pid, start_ticks: start_ticks(pid)?, boot_id })
    }

    /// A descriptor of the process; `None` when it has ended.
    fn find(&self) -> Option<OwnedFd> {
        let pid = Pid::from_raw(self.pid)?;
        let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok()?;
        // Asked after opening: if the name still fits, the descriptor is that of the named process.
        (Self::of(pid).ok()? == *self).then_some(pidfd)
    }
}

fn start_ticks(pid: i32) -> io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the command in parentheses and may hold anything; the start time is the 20th after it.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_ascii_whitespace().nth(19).and_then(|ticks| ticks.parse().ok());
    ticks.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_by_its_name_and_another_with_its_id_is_not() {
        let own = ProcessName::of(rustix::process::getpid()).unwrap();
        assert!(own.find().is_some());
        let earlier = ProcessName { start_ticks: own.start_ticks - 1, ..own };
        assert!(earlier.find().is_none());
    }

    #[test]
    fn leftovers_are_cleared_once() {
        let root = tempfile::tempdir().unwrap();
        let folder = SessionFolder::at(root.path().to_owned());
        clear_leftovers(&folder).unwrap();
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let state = State { init: Some(ProcessName::of(pid).unwrap()), ..State::default() };
        state.write(&folder).unwrap();
        clear_leftovers(&folder).unwrap();
        assert!(!child.wait().unwrap().success(), "it should have been killed");
        assert!(!folder.state().exists());
    }
}
