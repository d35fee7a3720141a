//! What a folder on the server's machine is: a repository or not, at which commit, with or without changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use octobot_wire::workspace::Commit;

use super::repository::Repository;
use super::scratch::Scratch;
use super::{Code, GitError, blocking, changes};

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

impl FolderKind {
    /// The code of such a folder, to be bundled.
    pub fn code(self, path: PathBuf) -> Code {
        match self {
            Self::Repository => Code::Repository(path),
            Self::BareRepository => Code::Cache(path),
            Self::Plain => Code::PlainFolder(path),
        }
    }
}

/// Looks at a folder. Nothing in it is changed, and nothing that it configures is run. A folder within `private`, which
/// is where the server keeps its data, is refused.
pub async fn inspect_folder(path: &Path, private: &Path) -> Result<FolderState, GitError> {
    let opened = open(path, private).await?;
    let kind = kind(opened.as_ref());
    let Some(repository) = opened else { return Ok(FolderState { kind, commit: None, dirty: false }) };
    let dirty = if repository.is_bare {
        false
    } else {
        let scratch = Scratch::of_repository(path, &repository, None).await?;
        changes::is_dirty(&scratch, repository.head.is_some()).await?
    };
    Ok(FolderState { kind, commit: repository.head.map(|head| head.commit), dirty })
}

/// What a folder is and the commit that it is at, as [`inspect_folder`] tells them, without a look at its files, of which there
/// may be many.
pub async fn glance_at_folder(path: &Path, private: &Path) -> Result<(FolderKind, Option<Commit>), GitError> {
    let opened = open(path, private).await?;
    Ok((kind(opened.as_ref()), opened.and_then(|repository| repository.head).map(|head| head.commit)))
}

async fn open(path: &Path, private: &Path) -> Result<Option<Repository>, GitError> {
    let (path, private) = (path.to_owned(), private.to_owned());
    blocking(move || {
        check_readable(&path)?;
        if real(&path)?.starts_with(real(&private)?) {
            return Err(GitError::OwnData { path });
        }
        Repository::open(&path)
    })
    .await
}

fn kind(opened: Option<&Repository>) -> FolderKind {
    match opened {
        None => FolderKind::Plain,
        Some(repository) if repository.is_bare => FolderKind::BareRepository,
        Some(_) => FolderKind::Repository,
    }
}

/// What the repository at a path calls `origin`, where that is an address of HTTP: without the name and password that may be in it.
pub async fn web_origin(path: &Path) -> Option<String> {
    let path = path.to_owned();
    web_address(&blocking(move || Repository::open(&path)).await.ok()??.origin?)
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
