//! What a folder on the server's machine is: a repository or not, at which commit, with or without changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use octobot_wire::workspace::Commit;

use super::repository::Repository;
use super::scratch::Scratch;
use super::{Code, GitError, changes};

/// What a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderState {
    /// Whether it is a repository.
    pub kind: FolderKind,
    /// The commit it is at; none for a plain folder, and before the first commit.
    pub commit: Option<Commit>,
    /// Whether it has changes that aren't committed; never for a plain folder.
    pub dirty: bool,
}

/// Whether a folder is a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderKind {
    /// The root of a repository's work tree; also a linked work tree.
    Repository,
    /// A repository without a work tree.
    BareRepository,
    /// No repository. So is a folder further down in one: who adds `project/docs` wants just that.
    Plain,
}

impl FolderState {
    /// The folder's code, to be bundled.
    pub fn code(&self, path: PathBuf) -> Code {
        match self.kind {
            FolderKind::Repository => Code::Repository(path),
            FolderKind::BareRepository => Code::Cache(path),
            FolderKind::Plain => Code::PlainFolder(path),
        }
    }
}

/// Looks at a folder. Nothing in it is changed, and nothing that it configures is run. A folder within `private`, which
/// is where the server keeps its data, is refused.
pub async fn inspect_folder(path: &Path, private: &Path) -> Result<FolderState, GitError> {
    let opened = {
        let (path, private) = (path.to_owned(), private.to_owned());
        let open = tokio::task::spawn_blocking(move || {
            check_readable(&path)?;
            if real(&path)?.starts_with(real(&private)?) {
                return Err(GitError::OwnData { path });
            }
            Repository::open(&path)
        });
        open.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?
    };
    let Some(repository) = opened else {
        return Ok(FolderState { kind: FolderKind::Plain, commit: None, dirty: false });
    };
    let has_commit = repository.head.is_some();
    let (kind, dirty) = if repository.is_bare {
        (FolderKind::BareRepository, false)
    } else {
        let scratch = Scratch::of_repository(path, &repository, None).await?;
        (FolderKind::Repository, changes::is_dirty(&scratch, has_commit).await?)
    };
    Ok(FolderState { kind, commit: repository.head.map(|head| head.commit), dirty })
}

/// What the repository at a path calls `origin`, where that is an address of HTTP: without the name and password that may be in it.
pub async fn web_origin(path: &Path) -> Option<String> {
    let path = path.to_owned();
    let open = tokio::task::spawn_blocking(move || Repository::open(&path));
    let opened = open.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    web_address(&opened.ok()??.origin?)
}

/// An address of HTTP without the name and password that may be in it; none of any other.
pub fn web_address(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let begin = rest[..host_end].rfind('@').map_or(0, |at| at + 1);
    Some(format!("{scheme}://{}", &rest[begin..]))
}

/// The path without links. There must be something at it.
pub(super) fn real(path: &Path) -> Result<PathBuf, GitError> {
    path.canonicalize().map_err(GitError::files(path))
}

fn check_readable(path: &Path) -> Result<(), GitError> {
    fs::read_dir(path).map(drop).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => GitError::NotFound { path: path.to_owned() },
        io::ErrorKind::NotADirectory => GitError::NotADirectory { path: path.to_owned() },
        _ => GitError::NotReadable { path: path.to_owned(), source },
    })
}
