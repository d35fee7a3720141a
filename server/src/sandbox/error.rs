//! Why a provider couldn't do what it was asked. Each variant tells a person what to do.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use octobot_wire::SessionId;

use super::daemon::DaemonError;

/// A provider's failure.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A step of making the sandbox failed.
    #[error("the sandbox of session {session} couldn't be made: {reason}. {remedy}")]
    Setup {
        /// The session.
        session: SessionId,
        /// Which step failed, and why.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// The sandbox ended while it was being started.
    #[error(
        "the sandbox of session {session} ended while it started; its last lines were: {last_lines}. \
         Start it again; if that fails too, see {}",
        log.display()
    )]
    Died {
        /// The session.
        session: SessionId,
        /// The end of the sandbox's log.
        last_lines: String,
        /// The sandbox's log.
        log: PathBuf,
    },
    /// The agent daemon didn't answer in time.
    #[error(
        "the agent daemon of session {session} didn't answer within {} s. Stop the session and start it again; \
         if that fails too, see {}",
        waited.as_secs(),
        log.display()
    )]
    NotReady {
        /// The session.
        session: SessionId,
        /// How long it was waited for.
        waited: Duration,
        /// The sandbox's log.
        log: PathBuf,
        /// What the last attempt met.
        source: DaemonError,
    },
    /// The sandbox's processes are still there after SIGKILL.
    #[error(
        "the sandbox of session {session} doesn't end, probably because a process waits for a disk or a network \
         file system. Try again when that answers"
    )]
    Unkillable {
        /// The session.
        session: SessionId,
    },
    /// A file or folder of the sandbox couldn't be used.
    #[error("session {session}: {action} {} failed: {source}. Check the folder's owner and free space", path.display())]
    Files {
        /// The session.
        session: SessionId,
        /// What was tried, as a verb in its `-ing` form.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder of all sandboxes couldn't be read.
    #[error("the folder of sandboxes {} can't be read: {source}. Check its owner and mode", path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The supervisor couldn't be run or understood.
    #[error("the sandbox supervisor {} didn't run: {source}. Check that the server is installed whole", path.display())]
    Supervisor {
        /// The program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
