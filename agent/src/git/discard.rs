//! Putting files back to what the last commit has, and bringing back what was thrown away by that.
//!
//! What is thrown away is kept first, as a commit on top of the last one, under a ref of its own that stays.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::git::command::Git;
use crate::git::kept::{self, text};
use crate::git::records::NotUnderstood;
use crate::git::records::{self, Tracking, Uncommitted};
use crate::git::standing::{self, RepositoryError};
use crate::git::{CodeError, lines};

/// Where what was thrown away is kept, each by its number.
pub const KEPT: &str = "refs/octobot/discarded/";

/// What such a commit says.
const MESSAGE: &str = "Changes that were discarded";

/// Throws away the changes of some files, and returns the number by which they are kept.
pub async fn discard(git: &Git, workspace: &Path, data: &Path, paths: &[PathBuf]) -> Result<u32, CodeError> {
    standing::check(workspace)?;
    let printed = standing::status(git).await?;
    let named = standing::named(&records::uncommitted(&printed)?, paths)?;
    for file in &named {
        check_place(workspace, file, paths)?;
    }
    let head = git.find("HEAD^{commit}").await?;
    let number = keep(git, data, head.as_deref(), &named).await?;
    // What git doesn't know yet is made known to it, so that git takes it away as it does the rest.
    let new = records::with_nul(named.iter().filter(|file| file.tracking == Tracking::New).map(|file| file.path));
    if !new.is_empty() {
        git.ask().input(new).bytes(&["update-index", "-z", "--add", "--replace", "--stdin"]).await?;
    }
    let source = match head {
        Some(head) => head,
        None => empty_tree(git).await?,
    };
    let named = records::with_nul(named.iter().map(|file| file.path));
    restore(git, &source, &["--staged", "--worktree"], named).await?;
    tracing::info!(discard.number = number, "changes were discarded");
    Ok(number)
}

/// Brings back what was thrown away, unless one of the files has changed since.
pub async fn undo(git: &Git, workspace: &Path, data: &Path, number: u32) -> Result<(), CodeError> {
    let reference = format!("{KEPT}{number}");
    let kept = git.find(&format!("{reference}^{{commit}}")).await?.ok_or(RepositoryError::NoDiscard(number))?;
    if lines::are_kept(git, &kept).await? {
        return lines::undo(git, workspace, &kept, &reference).await;
    }
    standing::check(workspace)?;
    let before = match git.find(&format!("{kept}^")).await? {
        Some(before) => before,
        None => empty_tree(git).await?,
    };
    let printed = git.ask().bytes(&["diff-tree", "-r", "-z", "--name-only", "--no-renames", &before, &kept]).await?;
    let paths: Vec<&Path> = records::names(&printed).collect();
    if let Some(path) = changed_since(git, workspace, data, &before, &paths).await? {
        return Err(RepositoryError::ChangedSince { path, reference }.into());
    }
    // With a file that stands where a folder was, what was in there is named as well, and git knows no such path then.
    let all: HashSet<&Path> = paths.iter().copied().collect();
    let named = paths.iter().copied().filter(|path| path.ancestors().skip(1).all(|folder| !all.contains(folder)));
    restore(git, &kept, &["--worktree"], records::with_nul(named)).await
}

/// Refuses what can't be kept, and files whose place is taken by what isn't to be thrown away.
fn check_place(workspace: &Path, file: &Uncommitted<'_>, paths: &[PathBuf]) -> Result<(), RepositoryError> {
    let found = workspace.join(file.path).symlink_metadata();
    let is_no_file = found.is_ok_and(|found| !found.is_file() && !found.is_symlink());
    let is_taken = taken(workspace, file.path).is_some_and(|taken| !paths.contains(&taken));
    if file.is_repository || is_no_file || is_taken {
        Err(RepositoryError::NotKept(file.path.to_owned()))
    } else {
        Ok(())
    }
}

/// What stands where a folder of the path would have to be.
fn taken(workspace: &Path, path: &Path) -> Option<PathBuf> {
    let is_taken = |folder: &&Path| workspace.join(folder).symlink_metadata().is_ok_and(|found| !found.is_dir());
    let mut folders: Vec<_> = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).collect();
    // From the top, so that nothing behind a link is looked at.
    folders.reverse();
    folders.into_iter().find(is_taken).map(Path::to_owned)
}

/// Makes a commit with the files as they are, under a ref of its own.
async fn keep(git: &Git, data: &Path, head: Option<&str>, files: &[Uncommitted<'_>]) -> Result<u32, CodeError> {
    let index = data.join("discard.index");
    kept::fill(git, &index, head, files).await?;
    let tree = text(&git.ask().index(&index).bytes(&["write-tree"]).await?);
    let commit = kept::commit(git, &tree, head, MESSAGE, &[]).await?;
    kept::keep(git, KEPT, &commit).await
}

/// A file that isn't as `before` has it, a commit or a tree.
async fn changed_since(
    git: &Git,
    workspace: &Path,
    data: &Path,
    before: &str,
    paths: &[&Path],
) -> Result<Option<PathBuf>, CodeError> {
    if let Some(path) = paths.iter().find_map(|path| taken(workspace, path)) {
        return Ok(Some(path));
    }
    let index = data.join("discard.index");
    kept::fill(git, &index, Some(before), &[]).await?;
    let arguments = ["ls-files", "-z", "--modified", "--deleted", "--others", "--"].map(std::ffi::OsStr::new);
    let arguments: Vec<_> = arguments.into_iter().chain(paths.iter().map(|path| path.as_os_str())).collect();
    let printed = git.ask().index(&index).bytes(&arguments).await?;
    Ok(records::names(&printed).next().map(Path::to_owned))
}

async fn restore(git: &Git, source: &str, places: &[&str], paths: Vec<u8>) -> Result<(), CodeError> {
    let source = format!("--source={source}");
    let fixed = ["restore", "--quiet", &source, "--pathspec-from-file=-", "--pathspec-file-nul"];
    let arguments: Vec<&str> = fixed.into_iter().chain(places.iter().copied()).collect();
    git.ask().input(paths).bytes(&arguments).await.map(drop)
}

/// The tree that has nothing.
pub async fn empty_tree(git: &Git) -> Result<String, CodeError> {
    let printed = git.ask().bytes(&["hash-object", "-t", "tree", "-w", "--stdin"]).await?;
    let id = text(&printed);
    if id.as_bytes().iter().all(u8::is_ascii_hexdigit) { Ok(id) } else { Err(NotUnderstood.into()) }
}
