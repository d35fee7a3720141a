//! What a repository is at, read with gix: nothing of its configuration is run, and nothing is written.

use std::fs;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use octobot_wire::workspace::Commit;

use super::progress::printable;
use super::{BrokenRepository, GitError};

/// Settings that decide how files in the work tree become blobs, and can't run anything.
const CONVERSIONS: [&str; 5] = ["core.autocrlf", "core.eol", "core.fileMode", "core.symlinks", "core.ignoreCase"];

/// A repository as it was when it was opened.
#[derive(Debug)]
pub(super) struct Repository {
    /// Where HEAD and the index are.
    pub(super) git_dir: PathBuf,
    /// Where objects and refs are; another folder than `git_dir` for a linked work tree.
    pub(super) common_dir: PathBuf,
    /// Whether it has no work tree.
    pub(super) is_bare: bool,
    /// Which digests its ids are.
    pub(super) format: gix::hash::Kind,
    /// Where HEAD is; none before the first commit.
    pub(super) head: Option<Head>,
    /// Where it is pushed to by default.
    pub(super) origin: Option<String>,
    /// Those of the settings above that it has, as `key=value`.
    pub(super) conversions: Vec<String>,
}

/// The commit that a repository is at.
#[derive(Debug)]
pub(super) struct Head {
    /// The commit, for people.
    pub(super) commit: Commit,
    /// The id of its tree.
    pub(super) tree: String,
}

impl Repository {
    /// Opens a repository that must be there, off the async threads.
    pub(super) async fn existing(path: PathBuf) -> Result<Self, GitError> {
        let opened = tokio::task::spawn_blocking(move || match Self::open(&path) {
            Ok(None) => Err(GitError::NotFound { path }),
            Ok(Some(repository)) => Ok(repository),
            Err(error) => Err(error),
        });
        opened.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    /// Opens the repository whose work tree or git folder `path` is; none when it is neither. The folders above it
    /// aren't looked at.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, GitError> {
        let dot_git = path.join(".git");
        let has_dot_git = dot_git.is_file() || dot_git.join("HEAD").exists();
        if !has_dot_git && !is_git_folder(path) {
            return Ok(None);
        }
        let broken = |reason| GitError::BrokenRepository { path: path.to_owned(), reason };
        let git_folder = if dot_git.is_dir() { &dot_git } else { path };
        refuse_special_files(git_folder, &["HEAD", "config", "packed-refs", "index", "shallow"]).map_err(broken)?;
        let unreadable = |error| broken(BrokenRepository::Unreadable(Box::new(error)));
        let opened = gix::open_opts(path, gix::open::Options::isolated()).map_err(unreadable)?;
        if opened.common_dir().join("reftable").exists() {
            return Err(broken(BrokenRepository::Reftable));
        }
        Ok(Some(Self {
            git_dir: absolute(opened.git_dir())?,
            common_dir: absolute(opened.common_dir())?,
            is_bare: !has_dot_git,
            format: opened.object_hash(),
            head: read_head(&opened).map_err(unreadable)?,
            origin: origin(&opened),
            conversions: conversions(&opened),
        }))
    }

    /// Whether its history has been cut off.
    pub(super) fn is_shallow(&self) -> bool {
        fs::metadata(self.common_dir.join("shallow")).is_ok_and(|file| file.len() > 0)
    }
}

fn is_git_folder(path: &Path) -> bool {
    path.join("HEAD").is_file() && path.join("objects").is_dir() && path.join("refs").is_dir()
}

/// Reading a pipe would wait for a writer that never comes.
fn refuse_special_files(git_folder: &Path, names: &[&str]) -> Result<(), BrokenRepository> {
    let special = names
        .iter()
        .map(|name| git_folder.join(name))
        .find(|path| fs::metadata(path).is_ok_and(|file| !file.is_file()));
    special.map_or(Ok(()), |path| Err(BrokenRepository::SpecialFile(path)))
}

fn absolute(path: &Path) -> Result<PathBuf, GitError> {
    fs::canonicalize(path).map_err(GitError::files(path))
}

fn read_head(repository: &gix::Repository) -> gix::Result<Option<Head>> {
    let mut head = repository.head()?;
    let branch = head.referent_name().map(|name| printable(&name.shorten().to_str_lossy()));
    if head.try_peel_to_id()?.is_none() {
        return Ok(None);
    }
    let commit = head.peel_to_commit()?;
    let summary = printable(&commit.message_raw_sloppy().lines().next().unwrap_or_default().to_str_lossy());
    let tree = commit.tree_id()?.to_string();
    Ok(Some(Head { commit: Commit { id: commit.id.to_string(), summary, branch }, tree }))
}

fn origin(repository: &gix::Repository) -> Option<String> {
    let config = repository.config_snapshot();
    let url = config.string("remote.origin.pushurl").or_else(|| config.string("remote.origin.url"))?;
    Some(url.to_str_lossy().into_owned())
}

fn conversions(repository: &gix::Repository) -> Vec<String> {
    let config = repository.config_snapshot();
    let values = CONVERSIONS.iter().filter_map(|key| Some((key, config.string(*key)?)));
    values
        .filter(|(_, value)| value.iter().all(u8::is_ascii_alphanumeric))
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}
