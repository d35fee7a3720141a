//! Why something isn't done with the workspace's code.

use std::io;

use octobot_wire::TurnId;

use crate::files::{ChangeError, FileError};
use crate::git::index_file::NoId;
use crate::git::records::NotUnderstood;
use crate::git::standing::RepositoryError;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// It is there.
    #[error("the workspace already holds code")]
    AlreadyThere,
    /// Something else is there.
    #[error("the workspace isn't empty")]
    NotEmpty,
    /// Somebody else is sending it.
    #[error("the code is being received already")]
    Busy,
    /// The bundle didn't come through.
    #[error("the bundle didn't arrive whole")]
    Upload(#[source] axum::Error),
    /// The sandbox has no git.
    #[error("the sandbox's image has no git, which is needed to receive code")]
    NoGit,
    /// The code isn't there yet.
    #[error("the workspace holds no code yet")]
    NoCode,
    /// The session has made nothing yet.
    #[error("nothing has changed since the session started")]
    NothingNew,
    /// Files aren't changed under a turn's feet.
    #[error("turn {0} is running; stop it, or wait until it has ended")]
    TurnRuns(TurnId),
    /// A turn that was before this was kept, or one of a daemon that couldn't keep it.
    #[error("how the files were then isn't kept")]
    NoSnapshot,
    /// No commit has such a name.
    #[error("git knows no commit {0:?}")]
    NoCommit(String),
    /// The repository isn't changed.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// A file isn't shown.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file isn't changed.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Git is of another kind than any that is known.
    #[error(transparent)]
    NotUnderstood(#[from] NotUnderstood),
    /// The same.
    #[error(transparent)]
    NoId(#[from] NoId),
    /// A git command didn't come to an end, maybe because of a filter that the repository has git run.
    #[error("git {action} takes too long")]
    Slow {
        /// The command.
        action: String,
    },
    /// A git command failed.
    #[error("git {action} failed: {output}")]
    Git {
        /// The command.
        action: String,
        /// What it printed.
        output: String,
    },
    /// A file or folder can't be read or written.
    #[error("can't {action}")]
    Files {
        /// What was tried.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
}

impl CodeError {
    /// Whether space would help.
    pub fn is_full(&self) -> bool {
        let Self::Files { source, .. } = self else { return false };
        matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// What is said of a file or folder that can't be read or written.
pub fn files(action: &'static str) -> impl Fn(io::Error) -> CodeError {
    move |source| CodeError::Files { action, source }
}
