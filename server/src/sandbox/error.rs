//! Why a provider couldn't do what it was asked. Each variant tells a person what to do.

use std::error::Error;
use std::fmt;
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
    /// The image can't be had, or no sandbox can be made of it.
    #[error("the image {image} of session {session} can't be used: {reason}. {remedy}")]
    Image {
        /// The session.
        session: SessionId,
        /// The image's name.
        image: String,
        /// Why not.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// The container engine doesn't answer. Whoever waits needs to do nothing else when it does.
    #[error(
        "the container engine doesn't answer at {}: {}. Start it, with `systemctl start docker` for instance, and see \
         that the server's user may use it; Octobot goes on by itself as soon as it answers",
        socket.display(),
        root_cause(&**source)
    )]
    EngineGone {
        /// Where it was looked for.
        socket: PathBuf,
        /// What was met there.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The container engine refused something that concerns no session, or isn't understood.
    #[error("{source}. See the engine's own log, and whether it is older than Docker 20.10")]
    Engine {
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The sandbox ended while it was being started.
    #[error(
        "the sandbox of session {session} ended while it started; its last lines were: {last_lines}. \
         Start it again; if that fails too, see {log}"
    )]
    Died {
        /// The session.
        session: SessionId,
        /// The end of the sandbox's log.
        last_lines: String,
        /// The sandbox's log.
        log: SandboxLog,
    },
    /// The agent daemon didn't answer in time.
    #[error(
        "the agent daemon of session {session} didn't answer within {} s. Stop the session and start it again; \
         if that fails too, see {log}",
        waited.as_secs()
    )]
    NotReady {
        /// The session.
        session: SessionId,
        /// How long it was waited for.
        waited: Duration,
        /// The sandbox's log.
        log: SandboxLog,
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

/// What lies at the bottom of an error: of a failed connection, what the system said.
fn root_cause<'a>(mut error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

/// Where a person finds what a sandbox printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxLog {
    /// In a file.
    File(PathBuf),
    /// Where the engine shows it for the container of this name.
    Container(String),
}

impl fmt::Display for SandboxLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Container(name) => write!(f, "`docker logs {name}`"),
        }
    }
}
