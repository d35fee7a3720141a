//! Bringing files up to date, and the index with them.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use octobot_wire::path::to_text;

use super::super::GitError;
use super::super::intake::MOST_MEMORY;
use super::super::scratch::Scratch;
use super::settled::Unsettled;

/// From one commit to another.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub(super) from: String,
    pub(super) to: String,
}

impl Move {
    /// The way back.
    pub(super) fn back(&self) -> Self {
        Self { from: self.to.clone(), to: self.from.clone() }
    }
}

/// The lock of an index, as git takes it. Dropped, it is released and the index is as it was.
#[derive(Debug)]
pub(super) struct Lock {
    index: PathBuf,
    guard: PathBuf,
    is_held: bool,
}

impl Lock {
    /// Takes the lock, or says that somebody has it.
    pub(super) fn take(git_dir: &Path) -> Result<Self, GitError> {
        let (index, guard) = (git_dir.join("index"), git_dir.join("index.lock"));
        match File::options().write(true).create_new(true).open(&guard) {
            Ok(_) => Ok(Self { index, guard, is_held: true }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Unsettled::Locked(guard).into()),
            Err(error) => Err(GitError::files(guard)(error)),
        }
    }

    /// Puts another index in place of the one that is locked, and releases it.
    pub(super) fn put(mut self, index: &Path) -> Result<(), GitError> {
        self.replace_by(index).map_err(GitError::files(&self.index))?;
        // What is there by the lock's name from now on is somebody else's.
        self.is_held = false;
        Ok(())
    }

    fn replace_by(&self, index: &Path) -> io::Result<()> {
        let permissions = fs::metadata(&self.index)?.permissions();
        // Git compares the time of the index with those of the files.
        let written = fs::metadata(index)?.modified()?;
        fs::copy(index, &self.guard)?;
        fs::set_permissions(&self.guard, permissions)?;
        let file = File::options().write(true).open(&self.guard)?;
        file.set_modified(written)?;
        file.sync_all()?;
        fs::rename(&self.guard, &self.index)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.is_held
            && let Err(error) = fs::remove_file(&self.guard)
        {
            let path = self.guard.display();
            tracing::warn!(error = &error as &dyn std::error::Error, "the lock {path} can't be removed");
        }
    }
}

/// The files that no commit has and that would be overwritten.
pub(super) async fn in_the_way(scratch: &Scratch, step: &Move) -> Result<Vec<String>, GitError> {
    let compare = ["diff-tree", "-r", "-z", "--no-renames", "--name-only", "--ignore-submodules=none"];
    let list = async |filter: &str| {
        let git = scratch.git("comparing commits").args(compare).args([filter, &step.from, &step.to]);
        git.bounded().output().await
    };
    let (new, gone) = (list("--diff-filter=A").await?, list("--diff-filter=D").await?);
    let gone: HashSet<&Path> = paths(&gone).collect();
    let mut found: Vec<String> = paths(&new)
        .filter_map(|path| taken(scratch.work_tree(), path, &gone))
        .map(|path| to_text(path.as_os_str().as_bytes()))
        .collect();
    found.dedup();
    Ok(found)
}

/// What stands at a path, or where one of its folders would have to be, and isn't going away.
fn taken<'a>(work_tree: &Path, path: &'a Path, gone: &HashSet<&Path>) -> Option<&'a Path> {
    let mut places: Vec<_> = path.ancestors().filter(|place| !place.as_os_str().is_empty()).collect();
    // From the top, so that nothing behind a link is looked at.
    places.reverse();
    for place in places {
        match fs::symlink_metadata(work_tree.join(place)) {
            // Git looks at what is in a folder whose place a file takes.
            Ok(found) if found.is_dir() => {}
            Ok(_) => return (!gone.contains(place)).then_some(place),
            Err(_) => return None,
        }
    }
    None
}

/// Brings the files, and the scratch repository's index, from one commit to the other. Git refuses it as a whole where that would
/// overwrite what no commit has.
pub(super) async fn go(scratch: &Scratch, step: &Move) -> Result<(), GitError> {
    let read = |option: &'static [&'static str]| {
        // However long the disk takes for it: what is done by half would have to be undone.
        let mut git = scratch.git("bringing files up to date");
        git.within(MOST_MEMORY);
        git.args(["read-tree", "-m", "-u"]).args(option).args([&step.from, &step.to]).output()
    };
    read(&["--dry-run"]).await?;
    if let Err(error) = read(&[]).await {
        // A file that can't be written: those that could be are put back.
        let reset = scratch.git("putting files back").args(["read-tree", "--reset", "-u", &step.from]);
        reset.output().await?;
        return Err(error);
    }
    Ok(())
}

fn paths(printed: &[u8]) -> impl Iterator<Item = &Path> {
    printed.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(|name| Path::new(OsStr::from_bytes(name)))
}
