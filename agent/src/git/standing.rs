//! Where the repository stands: its branch, what isn't committed, and what has to be settled before it can be changed.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use octobot_wire::code::StagedFile;
use octobot_wire::code::branches::BRANCH_REFS;
use octobot_wire::code::repository::RepositoryState;
use octobot_wire::path::to_text;

use crate::git::CodeError;
use crate::git::changes::ASK_STATUS;
use crate::git::command::Git;
use crate::git::kept::text;
use crate::git::records::{self, Tracking, Uncommitted};

/// So many files are listed.
const MOST_FILES: usize = 5_000;

/// Why the repository isn't changed.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// Something else is under way in it.
    #[error("{0}")]
    Obstacle(&'static str),
    /// A commit's message isn't one.
    #[error("{0}")]
    Message(&'static str),
    /// Everything is as the last commit has it.
    #[error("there is nothing to commit: everything is as the last commit has it")]
    NothingToCommit,
    /// Somebody has committed something else meanwhile.
    #[error("somebody has committed something meanwhile; look at what is left, and commit again")]
    Moved,
    /// Two states of a file wait to be made one.
    #[error("{} is in conflict; settle it, and say so in a terminal with “git add”", .0.display())]
    Conflict(PathBuf),
    /// No file was named.
    #[error("no file is named")]
    NoPaths,
    /// A file is as the last commit has it.
    #[error("{} has no changes that aren't committed", .0.display())]
    NotChanged(PathBuf),
    /// What would be thrown away can't be kept.
    #[error("{} is no file that can be kept, or stands where another one has to be; change it in a terminal", .0.display())]
    NotKept(PathBuf),
    /// Lines were chosen of a file that is another by now.
    #[error("{} has changed since it was shown; look at it again, and choose lines of what it has now", .0.display())]
    Outdated(PathBuf),
    /// A link, a repository or something else that has no lines.
    #[error("{} isn't a file with lines, or wasn't one; discard it as a whole", .0.display())]
    NoLines(PathBuf),
    /// A link, a repository, or a file that git makes another of before it is committed.
    #[error("{} can only be staged or committed as a whole: it is no file with lines, or git changes its lines for the commit", .0.display())]
    WholeOnly(PathBuf),
    /// Something of a file is staged, which a commit of other changes would take back.
    #[error("{} has staged changes; commit it as a whole, commit what is staged, or unstage it", .0.display())]
    Staged(PathBuf),
    /// Lines that a file doesn't have.
    #[error("{} has no such lines", .0.display())]
    NoSuchLines(PathBuf),
    /// No branch is called so.
    #[error("there is no branch {0:?}; it may have been removed or renamed")]
    NoBranch(String),
    /// A branch is called so already.
    #[error("there is already a branch called {0}; check that one out, or choose another name")]
    BranchExists(String),
    /// No branch can be called so.
    #[error(
        "a branch can't be called {0:?}; leave out spaces, “..” and characters like ~ ^ : ? * [ \\, and begin with a letter or digit"
    )]
    BranchName(String),
    /// Nothing was thrown away by that number.
    #[error("nothing was discarded as number {0}")]
    NoDiscard(u32),
    /// Files aren't as they were left when changes were thrown away.
    #[error("{} has changed since; nothing was brought back. It is kept as {reference}", path.display())]
    ChangedSince {
        /// The first of them.
        path: PathBuf,
        /// Where what was thrown away is.
        reference: String,
    },
}

/// What is under way, by the file that git leaves while it is, and what to do about it.
const UNDER_WAY: [(&str, &str); 5] = [
    ("MERGE_HEAD", "a merge is in progress; end it in a terminal with “git merge --continue” or “git merge --abort”"),
    (
        "rebase-merge",
        "a rebase is in progress; end it in a terminal with “git rebase --continue” or “git rebase --abort”",
    ),
    (
        "rebase-apply",
        "a rebase is in progress; end it in a terminal with “git rebase --continue” or “git rebase --abort”",
    ),
    (
        "CHERRY_PICK_HEAD",
        "a cherry-pick is in progress; end it in a terminal with “git cherry-pick --continue” or “git cherry-pick --abort”",
    ),
    (
        "REVERT_HEAD",
        "a revert is in progress; end it in a terminal with “git revert --continue” or “git revert --abort”",
    ),
];

const DETACHED: &str = "no branch is checked out; make one in a terminal with “git switch -c NAME”";

const LOCKED: &str =
    "another git command is at work in the repository, or was killed; if none is, remove .git/index.lock in a terminal";

/// Where the repository stands.
pub async fn read(git: &Git, workspace: &Path, asked: Option<&str>) -> Result<RepositoryState, CodeError> {
    let branch = branch(git).await?;
    let printed = status(git).await?;
    let uncommitted = records::uncommitted(&printed)?;
    let mut paths: Vec<String> = uncommitted.iter().map(path_text).collect();
    paths.sort_unstable();
    // One that was taken out of the index and is there is told twice.
    paths.dedup();
    let unlisted = paths.len().saturating_sub(MOST_FILES) as u64;
    paths.truncate(MOST_FILES);
    let obstacle = under_way(workspace).or_else(|| branch.is_none().then_some(DETACHED)).map(str::to_owned);
    let commit = git.find("HEAD^{commit}").await?;
    let has_asked = match asked {
        Some(asked) => Some(has(git, asked).await?),
        None => None,
    };
    let staged = staged(&uncommitted);
    Ok(RepositoryState { branch, commit, uncommitted: paths, unlisted, staged, has_asked, obstacle })
}

fn path_text(file: &Uncommitted<'_>) -> String {
    let name = file.path.as_os_str().as_bytes();
    to_text(name.strip_suffix(b"/").unwrap_or(name))
}

/// The files of which something is staged.
fn staged(uncommitted: &[Uncommitted<'_>]) -> Vec<StagedFile> {
    let unstaged: HashSet<&Path> = uncommitted.iter().filter(|file| file.has_unstaged).map(|file| file.path).collect();
    let with_staged = uncommitted.iter().filter(|file| file.has_staged);
    let mut staged: Vec<StagedFile> =
        with_staged.map(|file| StagedFile { path: path_text(file), is_whole: !unstaged.contains(file.path) }).collect();
    staged.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    staged.truncate(MOST_FILES);
    staged
}

/// Whether a commit is HEAD's or one before it.
async fn has(git: &Git, asked: &str) -> Result<bool, CodeError> {
    let is_id = !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_hexdigit());
    let found = if is_id { git.find(&format!("{asked}^{{commit}}")).await? } else { None };
    let Some(found) = found else { return Ok(false) };
    Ok(git.ask().maybe(&["merge-base", "--is-ancestor", &found, "HEAD"]).await?.is_some())
}

/// The branch that commits go to; none while HEAD is detached.
async fn branch(git: &Git) -> Result<Option<String>, CodeError> {
    let name = head_name(git).await?;
    Ok(name.map(|name| name.strip_prefix(BRANCH_REFS).map(str::to_owned).unwrap_or(name)))
}

/// The full name of the branch that is checked out, which may have no commit yet; none while HEAD is detached.
pub async fn head_name(git: &Git) -> Result<Option<String>, CodeError> {
    let printed = git.ask().maybe(&["symbolic-ref", "--quiet", "HEAD"]).await?;
    Ok(printed.map(|name| text(&name)))
}

/// Makes sure that a commit would go to a branch, and that nothing else is under way.
pub async fn check_branch(git: &Git, workspace: &Path) -> Result<(), CodeError> {
    check(workspace)?;
    match branch(git).await? {
        Some(_) => Ok(()),
        None => Err(RepositoryError::Obstacle(DETACHED).into()),
    }
}

/// Makes sure that nothing else is under way.
pub fn check(workspace: &Path) -> Result<(), RepositoryError> {
    let locked = || is_there(workspace, "index.lock").then_some(LOCKED);
    under_way(workspace).or_else(locked).map_or(Ok(()), |obstacle| Err(RepositoryError::Obstacle(obstacle)))
}

fn under_way(workspace: &Path) -> Option<&'static str> {
    UNDER_WAY.iter().find(|(name, _)| is_there(workspace, name)).map(|(_, told)| *told)
}

fn is_there(workspace: &Path, name: &str) -> bool {
    workspace.join(".git").join(name).symlink_metadata().is_ok()
}

/// What git says of files that aren't as the last commit has them, for [`records::uncommitted`].
pub async fn status(git: &Git) -> Result<Vec<u8>, CodeError> {
    git.ask().bytes(&ASK_STATUS).await
}

/// Makes sure that no file waits for two states to be made one.
pub fn check_conflicts<'a>(files: impl IntoIterator<Item = &'a Uncommitted<'a>>) -> Result<(), RepositoryError> {
    match files.into_iter().find(|file| file.tracking == Tracking::Conflict) {
        Some(file) => Err(RepositoryError::Conflict(file.path.to_owned())),
        None => Ok(()),
    }
}

/// The named files among those that aren't committed. Each has to be one of them.
pub fn named<'a>(all: &[Uncommitted<'a>], paths: &[PathBuf]) -> Result<Vec<Uncommitted<'a>>, RepositoryError> {
    if paths.is_empty() {
        return Err(RepositoryError::NoPaths);
    }
    let mut found = Vec::new();
    for path in paths {
        let before = found.len();
        found.extend(all.iter().filter(|file| file.path == path).copied());
        if found.len() == before {
            return Err(RepositoryError::NotChanged(path.clone()));
        }
    }
    Ok(found)
}
