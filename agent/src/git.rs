//! The workspace's code: received once, as a git bundle.
//!
//! The bundle is put in place step by step, and marked as done last. A mark made before the first step says that
//! whatever is in the workspace is from an attempt that didn't get through, so that the next one starts from nothing.

mod command;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use futures::{Stream, StreamExt as _};
use octobot_wire::daemon::{BUNDLE_BASE_REF, BUNDLE_TREE_REF, CodeReceived};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;

use crate::environment::Environment;
use crate::git::command::Git;

/// The branch that a session works on.
const BRANCH: &str = "refs/heads/octobot";

/// The branch of a workspace without a commit.
const FIRST_BRANCH: &str = "refs/heads/main";

/// The workspace.
#[derive(Debug)]
pub struct Workspace {
    folder: PathBuf,
    bundle: PathBuf,
    begun: PathBuf,
    done: PathBuf,
    git: Git,
    receiving: Mutex<()>,
}

/// Why the code wasn't received.
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

impl Workspace {
    /// The workspace in a folder, which is made if it isn't there. `data` is for files of the daemon's own.
    pub fn open(data: &Path, folder: &Path, environment: &Environment) -> Result<Self, CodeError> {
        fs::create_dir_all(folder).map_err(files("make the workspace's folder"))?;
        Ok(Self {
            folder: folder.to_owned(),
            bundle: data.join("code.bundle"),
            begun: data.join("code.begun"),
            done: data.join("code.done"),
            git: Git::in_folder(folder, environment),
            receiving: Mutex::new(()),
        })
    }

    /// Whether the code is there.
    pub fn has_code(&self) -> bool {
        self.done.exists()
    }

    /// Receives the code. After a failure it can be tried again.
    pub async fn receive<S>(&self, bundle: S) -> Result<CodeReceived, CodeError>
    where
        S: Stream<Item = Result<Bytes, axum::Error>> + Unpin,
    {
        let _receiving = self.receiving.try_lock().map_err(|_| CodeError::Busy)?;
        if self.has_code() {
            return Err(CodeError::AlreadyThere);
        }
        if !self.git.exists() {
            return Err(CodeError::NoGit);
        }
        self.clear_attempt()?;
        self.store(bundle).await?;
        mark(&self.begun)?;
        let base = self.unpack().await?;
        mark(&self.done)?;
        fs::remove_file(&self.bundle).map_err(files("remove the bundle"))?;
        tracing::info!(base = base.as_deref(), "the code is in the workspace");
        Ok(CodeReceived { base })
    }

    /// Removes what an attempt has left; leaves alone what isn't from one.
    fn clear_attempt(&self) -> Result<(), CodeError> {
        let failed = files("clear the workspace");
        let begun = self.begun.exists();
        for entry in fs::read_dir(&self.folder).map_err(&failed)? {
            let entry = entry.map_err(&failed)?;
            if !begun {
                return Err(CodeError::NotEmpty);
            }
            let is_folder = entry.file_type().map_err(&failed)?.is_dir();
            if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) }
                .map_err(&failed)?;
        }
        Ok(())
    }

    /// The files of the workspace that git doesn't ignore, each with a NUL behind it; none before there is code.
    pub async fn files(&self) -> Result<String, CodeError> {
        if !self.has_code() {
            return Ok(String::new());
        }
        self.git.text(&["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]).await
    }

    async fn store(&self, mut bundle: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin) -> Result<(), CodeError> {
        let failed = files("store the bundle");
        let mut file = tokio::fs::File::create(&self.bundle).await.map_err(&failed)?;
        while let Some(chunk) = bundle.next().await {
            file.write_all(&chunk.map_err(CodeError::Upload)?).await.map_err(&failed)?;
        }
        file.flush().await.map_err(&failed)
    }

    /// Makes the repository and the work tree. Returns the commit that the session starts from.
    async fn unpack(&self) -> Result<Option<String>, CodeError> {
        let git = &self.git;
        git.run(&["init", "--quiet", "--template="]).await?;
        let bundle = self.bundle.to_str().ok_or_else(|| CodeError::Files {
            action: "name the bundle",
            source: io::ErrorKind::InvalidFilename.into(),
        })?;
        git.run(&["fetch", "--quiet", "--no-tags", bundle, "+refs/octobot/*:refs/octobot/*"]).await?;
        let base = git.find(BUNDLE_BASE_REF).await?;
        match &base {
            Some(base) => {
                git.run(&["update-ref", BRANCH, base]).await?;
                git.run(&["symbolic-ref", "HEAD", BRANCH]).await?;
            }
            None => git.run(&["symbolic-ref", "HEAD", FIRST_BRANCH]).await?,
        }
        let tree = format!("{BUNDLE_TREE_REF}^{{tree}}");
        git.run(&["read-tree", "--reset", "-u", &tree]).await?;
        // The work tree stays; the index goes back to the base, so that the difference shows as uncommitted.
        git.run(&["read-tree", base.as_deref().unwrap_or("--empty")]).await?;
        git.refresh_index().await?;
        git.run(&["update-ref", "-d", BUNDLE_TREE_REF]).await?;
        git.run(&["config", "user.name", "Octobot"]).await?;
        git.run(&["config", "user.email", "octobot@localhost"]).await?;
        Ok(base)
    }
}

impl CodeError {
    /// Whether space would help.
    pub fn is_full(&self) -> bool {
        let Self::Files { source, .. } = self else { return false };
        matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// Makes a mark that is still there after a crash.
fn mark(file: &Path) -> Result<(), CodeError> {
    File::create(file).and_then(|file| file.sync_all()).map_err(files("mark how far the code has come"))
}

fn files(action: &'static str) -> impl Fn(io::Error) -> CodeError {
    move |source| CodeError::Files { action, source }
}
