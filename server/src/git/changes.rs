//! What a work tree holds that its index doesn't know: the difference between a commit and what the user sees.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::GitError;
use super::folder::real;
use super::scratch::Scratch;

/// How much that isn't committed is copied at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Files, and folders with a repository of their own.
    pub(super) files: u64,
    /// Bytes of all files together.
    pub(super) bytes: u64,
}

impl Limits {
    /// What a session starts with at most: beyond it, a folder was most likely added by mistake.
    pub(super) const DEFAULT: Self = Self { files: 200_000, bytes: 2 * 1024 * 1024 * 1024 };
}

/// Paths within the work tree, each followed by a NUL, as `git update-index` takes them.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// New or changed.
    pub(super) present: Vec<u8>,
    /// Known to the index and gone.
    pub(super) absent: Vec<u8>,
}

const LIST: &str = "listing changed files";

/// Whether anything differs from HEAD, ignored files aside.
pub(super) async fn is_dirty(scratch: &Scratch, has_commit: bool) -> Result<bool, GitError> {
    let list = ["ls-files", "-z", "--directory", "--no-empty-directory", "--exclude-standard"];
    let changed = ["--modified", "--deleted", "--unmerged", "--others"];
    if scratch.git(LIST).args(list).args(changed).prints_anything().await? {
        return Ok(true);
    }
    if has_commit {
        let compare = ["diff-index", "--cached", "--quiet", "--ignore-submodules=dirty", "HEAD", "--"];
        let same = scratch.git("comparing the index").args(compare).answers_yes().await?;
        Ok(!same)
    } else {
        scratch.git(LIST).args(["ls-files", "-z", "--cached"]).prints_anything().await
    }
}

/// Lists the changes outside `private`. A repository within the work tree that isn't a submodule is taken as the files
/// that it holds.
pub(super) async fn list(scratch: &Scratch, limits: Limits, private: &Path) -> Result<Changes, GitError> {
    let root = scratch.work_tree().to_owned();
    let private = real(private)?.strip_prefix(real(&root)?).ok().map(Path::to_owned);
    let mut listing = Listing { root, private, limits, paths: BTreeSet::new() };
    let mut nested = listing.extend(scratch, Path::new(""), "index").await?;
    while let Some(folder) = nested.pop() {
        nested.extend(listing.extend(scratch, &folder, "no-index").await?);
    }
    listing.extend_unmerged(scratch).await?;
    let check = tokio::task::spawn_blocking(move || listing.check());
    check.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// The paths listed so far, relative to the work tree.
struct Listing {
    root: PathBuf,
    /// What is left out, where it is within the work tree.
    private: Option<PathBuf>,
    limits: Limits,
    paths: BTreeSet<PathBuf>,
}

// === impl Listing ===

impl Listing {
    /// Adds what changed beneath `folder`, and returns the repositories in there.
    async fn extend(&mut self, scratch: &Scratch, folder: &Path, index: &str) -> Result<Vec<PathBuf>, GitError> {
        let git = scratch.git_at(LIST, &self.root.join(folder), index);
        let arguments = ["ls-files", "-z", "--modified", "--deleted", "--others", "--exclude-standard"];
        let mut nested = Vec::new();
        let mut records = Records::default();
        let mut too_many = false;
        let take = |bytes: &[u8]| {
            records.push(bytes, |record| {
                let path = folder.join(OsStr::from_bytes(record));
                if self.private.as_ref().is_some_and(|private| path.starts_with(private)) {
                    return;
                }
                if record.ends_with(b"/") {
                    nested.push(path);
                } else {
                    self.paths.insert(path);
                }
            });
            too_many = self.paths.len() as u64 + nested.len() as u64 > self.limits.files;
            if too_many { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        git.args(arguments).stream(take).await?;
        if too_many { Err(self.too_large()) } else { Ok(nested) }
    }

    /// Adds the paths in conflict: the index can't be written as a tree before they are settled.
    async fn extend_unmerged(&mut self, scratch: &Scratch) -> Result<(), GitError> {
        let output = scratch.git(LIST).args(["ls-files", "-z", "--unmerged"]).output().await?;
        for record in output.split(|&byte| byte == 0) {
            if let Some(tab) = record.iter().position(|&byte| byte == b'\t') {
                self.paths.insert(OsStr::from_bytes(&record[tab + 1..]).into());
            }
        }
        Ok(())
    }

    /// Looks at each path: whether it is there, and how large it is.
    fn check(self) -> Result<Changes, GitError> {
        let mut changes = Changes::default();
        let mut bytes = 0;
        for path in &self.paths {
            let found = match fs::symlink_metadata(self.root.join(path)) {
                Ok(metadata) if !self.is_beneath_a_file(path) => Some(metadata),
                Ok(_) => None,
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => None,
                Err(source) => return Err(GitError::NotReadable { path: self.root.join(path), source }),
            };
            let list = if found.is_some() { &mut changes.present } else { &mut changes.absent };
            list.extend(path.as_os_str().as_bytes());
            list.push(0);
            bytes += found.map_or(0, |metadata| metadata.len());
        }
        if bytes > self.limits.bytes { Err(self.too_large()) } else { Ok(changes) }
    }

    /// Whether a folder of the path has become a file or a link: what seems to be behind it isn't the work tree's.
    fn is_beneath_a_file(&self, path: &Path) -> bool {
        let mut ancestors = path.ancestors().skip(1).filter(|ancestor| self.paths.contains(*ancestor));
        ancestors.any(|ancestor| fs::symlink_metadata(self.root.join(ancestor)).is_ok_and(|found| !found.is_dir()))
    }

    fn too_large(&self) -> GitError {
        GitError::TooLarge { path: self.root.clone(), files: self.limits.files, bytes: self.limits.bytes }
    }
}

/// Cuts a stream into records that end with a NUL.
#[derive(Default)]
struct Records {
    partial: Vec<u8>,
}

impl Records {
    fn push(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|&byte| byte == 0) {
            self.partial.extend_from_slice(piece);
            if self.partial.last() == Some(&0) {
                take(&self.partial[..self.partial.len() - 1]);
                self.partial.clear();
            }
        }
    }
}
