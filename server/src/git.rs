//! Git on the server: reading workspaces, cloning them, and bundling their code for a sandbox.
//!
//! The only user of gix and of the git command in this crate. Here do not belong: what a workspace's state becomes
//! (services), and git inside a sandbox (the agent daemon's).
//!
//! Whoever made a repository may be an attacker, so these hold for everything in here:
//!
//! - A workspace is only read, but for what a session made: that becomes a branch of its own (`arrival`), or goes onto the branch
//!   that the workspace is on (`apply`), or into a folder that is no repository (`deposit`).
//! - Its configuration, hooks, filters and file monitor are never run. The git command doesn't even read its
//!   configuration: it works in a scratch repository (`scratch`) that borrows the workspace's objects.
//! - Remotes are reached with the operator's own git configuration, because that is where credentials are, or with a login of the
//!   project's (`login`), but only over the transports that a source may name, never by `ext::`, and never asking anyone for a password.
//! - A future of this module that is dropped takes its git processes with it, but for a move of a workspace's branch that has begun.

mod apply;
mod arrival;
mod bundle;
mod cache;
mod changes;
mod command;
mod deposit;
mod folder;
mod intake;
mod login;
mod progress;
mod push;
mod remote;
mod repository;
mod scratch;
mod source;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

pub use apply::{Unsettled, apply, undo as undo_apply};
pub use arrival::{Arrival, put_branch, remove_branch};
pub use bundle::{Bundled, Code, bundle};
pub use cache::{clone_into_cache, head_of_cache, remove_cache};
pub use deposit::{
    Deposited, Undeposited, deposit, remove as remove_deposits, settle as settle_deposits, undo as undo_deposit,
};
pub use folder::{FolderKind, FolderState, glance_at_folder, inspect_folder, web_address, web_origin};
pub use intake::{MOST_BUNDLED, Untaken};
pub use login::Login;
pub use progress::Progress;
pub use push::{Target as PushTarget, push, target_url};
pub use remote::RemoteFault;
pub use source::{InvalidSource, default_name, parse_source};

/// Why something in git can't be done. Each is a sentence for the person who added the workspace.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is nothing at the path.
    #[error("There is no folder {}.", .path.display())]
    NotFound {
        /// The path.
        path: PathBuf,
    },
    /// The server's user may not read the folder.
    #[error("The folder {} can't be read: {source}. Give the user that runs Octobot access to it.", .path.display())]
    NotReadable {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The path names something else than a folder.
    #[error("{} is not a folder.", .path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The folder holds a repository that can't be understood.
    #[error("The repository {} can't be read: {reason}.", .path.display())]
    BrokenRepository {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: BrokenRepository,
    },
    /// The folder is where the server keeps its database and its keys.
    #[error("{} is where Octobot keeps its own data. Add another folder.", .path.display())]
    OwnData {
        /// The path.
        path: PathBuf,
    },
    /// There is more to copy than a session should start with.
    #[error(
        "{} holds too much that isn't committed: over {files} files or {} MiB. Ignore what sessions don't need in a \
         .gitignore file, or add a folder further down.",
        .path.display(),
        .bytes / (1024 * 1024)
    )]
    TooLarge {
        /// The folder.
        path: PathBuf,
        /// The most files that are copied.
        files: u64,
        /// The most bytes that are copied.
        bytes: u64,
    },
    /// A session's name is that of too many branches.
    #[error("There are too many branches called {branch}. Remove some of them, or rename the session.")]
    TooManyBranches {
        /// The branch.
        branch: String,
    },
    /// The workspace isn't ready for what a session made.
    #[error(transparent)]
    Unsettled(#[from] Unsettled),
    /// What a sandbox gave isn't taken.
    #[error(transparent)]
    Untaken(#[from] Untaken),
    /// What a session made isn't put into a folder, or taken out again.
    #[error(transparent)]
    Undeposited(#[from] Undeposited),
    /// A file that the server has to read is longer than it should be.
    #[error("{path} is longer than {} KiB.", .most / 1024)]
    FileTooLong {
        /// The path in the repository.
        path: String,
        /// The most bytes that are read.
        most: u64,
    },
    /// A remote repository can't be fetched.
    #[error("{url} can't be cloned: {fault} Git said: {said}")]
    Remote {
        /// The repository's URL.
        url: String,
        /// What kind of failure it is, with what to do about it.
        fault: RemoteFault,
        /// Git's last words.
        said: String,
    },
    /// A remote repository doesn't take a branch.
    #[error("{url} wasn't pushed to: {fault} Git said: {said}")]
    Push {
        /// The repository's URL.
        url: String,
        /// What kind of failure it is, with what to do about it.
        fault: RemoteFault,
        /// Git's last words.
        said: String,
    },
    /// A workspace's repository has no remote to push to.
    #[error(
        "The workspace's repository has no remote called origin. Add one there with `git remote add origin`, then push again."
    )]
    NoOrigin,
    /// What a workspace's repository calls origin is nothing to push to.
    #[error("What the workspace's repository calls origin can't be pushed to. {reason}")]
    Origin {
        /// What is wrong with its URL.
        reason: InvalidSource,
    },
    /// Whoever started it gave up on it.
    #[error("It was cancelled.")]
    Cancelled,
    /// The git command failed where it shouldn't.
    #[error("git failed while {purpose} ({status}): {said}")]
    Command {
        /// What it was for.
        purpose: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// Its last words.
        said: String,
    },
    /// The git command can't be started or talked to.
    #[error("git can't be run: {source}. Octobot needs git 2.35 or later on its PATH.")]
    NoGit {
        /// What the system says.
        source: io::Error,
    },
    /// The server's own files can't be written or read.
    #[error("{} can't be used: {source}", .path.display())]
    Files {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What is wrong with a repository.
#[derive(Debug, thiserror::Error)]
pub enum BrokenRepository {
    /// gix can't read it.
    #[error("{0}")]
    Unreadable(Box<gix::Error>),
    /// It keeps its refs in a way that isn't supported.
    #[error("its refs are stored as a reftable, which isn't supported")]
    Reftable,
    /// A file that git reads is a pipe or a device, which could block for ever.
    #[error("{} is not a regular file", .0.display())]
    SpecialFile(PathBuf),
}

/// Does what would block a thread that others need, on one of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GitError> + Send + 'static,
) -> Result<T, GitError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// As many files as a person would read.
fn some<T>(mut files: Vec<T>) -> Vec<T> {
    files.truncate(100);
    files
}

impl From<tokio::task::JoinError> for GitError {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::Cancelled
    }
}

impl GitError {
    /// Wraps a failure with one of the server's own files, or with a source's.
    fn files(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Files { path, source }
    }
}
