//! The lock that a supervisor holds for as long as it lives.
//!
//! It is a POSIX record lock, because the kernel then answers all questions truthfully: it goes with the process, however that
//! ends; a child doesn't inherit it; and whoever asks who holds it is told the process id without touching it. Nobody
//! but a supervisor ever takes it. Proxies of containers have one of the same kind.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, Pid, PidfdFlags, Signal};

use super::sys;

/// The lock, held by this process until it ends.
///
/// Closing any descriptor of the lock's file would release it: this process must not open that file again.
#[derive(Debug)]
pub(super) struct HeldLock {
    _file: File,
}

impl HeldLock {
    /// Takes the lock; `None` when another process holds it.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(Errno::AGAIN | Errno::ACCESS) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The process that holds a lock. The descriptor keeps naming that process, even when its id is used again.
#[derive(Debug)]
pub(in crate::sandbox) struct Holder {
    pidfd: OwnedFd,
}

impl Holder {
    /// Who holds the lock; `None` when nobody does or there is no lock file.
    pub fn of(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        while let Some(pid) = holder_id(&file)? {
            let pidfd = match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
                Ok(pidfd) => pidfd,
                Err(Errno::SRCH) => continue,
                Err(error) => return Err(error.into()),
            };
            // Still the holder, so the process that was opened is the one that took the lock.
            if holder_id(&file)? == Some(pid) {
                return Ok(Some(Self { pidfd }));
            }
        }
        Ok(None)
    }

    /// Sends it a signal. It may have ended meanwhile.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        match rustix::process::pidfd_send_signal(&self.pidfd, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the process has ended; whether it has. Blocks the thread.
    pub fn wait_for_end(&self, within: Duration) -> bool {
        sys::wait_for_end(self.pidfd.as_fd(), within)
    }
}

fn holder_id(file: &File) -> io::Result<Option<Pid>> {
    let holder = rustix::process::fcntl_getlk(file.as_fd(), &Flock::from(FlockType::WriteLock))?;
    Ok(holder.and_then(|lock| lock.pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_holds_a_lock_that_nobody_took() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("lock");
        assert!(Holder::of(&path).unwrap().is_none(), "there is no file yet");
        std::fs::write(&path, "").unwrap();
        assert!(Holder::of(&path).unwrap().is_none());
    }
}
