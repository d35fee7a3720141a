//! Whether a workspace's repository is settled: on a branch, nothing under way, everything committed.

use std::path::{Path, PathBuf};

use octobot_wire::path::to_text;

use super::super::GitError;
use super::super::repository::Repository;
use super::super::scratch::Scratch;

/// Why a workspace's branch isn't moved. Each is a sentence for people.
#[derive(Debug, thiserror::Error)]
pub enum Unsettled {
    /// There are no files to bring up to date.
    #[error("{} is a repository without files. Save the changes as a branch instead.", .0.display())]
    Bare(PathBuf),
    /// There is no commit yet, so no branch.
    #[error("The workspace has no commit yet. Make its first one, then try again.")]
    NoCommit,
    /// HEAD is on no branch.
    #[error("The workspace is on no branch. Check one out there, then try again.")]
    Detached,
    /// Something else is under way.
    #[error(
        "A {what} is in progress in the workspace. End it there with “git {what} --continue” or “git {what} --abort”, then try again."
    )]
    UnderWay {
        /// As git calls it.
        what: &'static str,
    },
    /// Git is at work there.
    #[error("Another git command is at work in the workspace, or was killed. If none is, remove {}, then try again.", .0.display())]
    Locked(PathBuf),
    /// Only some of the files are checked out.
    #[error(
        "The workspace has only a part of its files checked out (sparse checkout). Save the changes as a branch instead."
    )]
    Sparse,
    /// The branch isn't where it was.
    #[error("{branch} has other commits by now, or the workspace is on another branch. Nothing was changed.")]
    Moved {
        /// The branch.
        branch: String,
    },
    /// There are changes that aren't committed, or files in the way.
    #[error("The workspace has changes that aren’t committed: {}. Commit or stash them there, then try again.", .files.join(", "))]
    Dirty {
        /// The first of them.
        files: Vec<String>,
    },
    /// A rebase would lose what merges have settled.
    #[error("The session has merged branches, which a rebase would lose. Merge instead.")]
    HasMerges,
    /// A rebase of very many commits.
    #[error("The session has {commits} commits; at most {most} are rebased. Merge instead.")]
    TooManyCommits {
        /// How many there are.
        commits: usize,
        /// How many are taken.
        most: usize,
    },
    /// The git command lacks what merging without a work tree needs.
    #[error("Merging and rebasing need git 2.38 or later on the server. Save the changes as a branch instead.")]
    OldGit,
}

/// What git leaves while something is under way, and what that is.
const UNDER_WAY: [(&str, &str); 6] = [
    ("MERGE_HEAD", "merge"),
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("sequencer", "cherry-pick"),
];

/// A settled repository, as far as can be told without looking at its files.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) repository: Repository,
    /// The branch that HEAD is on.
    pub(super) branch: String,
    /// The commit that it is at.
    pub(super) head: String,
}

impl Place {
    /// Looks at the repository at this path.
    pub(super) async fn find(path: &Path) -> Result<Self, GitError> {
        let place = Self::find_locked(path).await?;
        let lock = place.repository.git_dir.join("index.lock");
        if lock.exists() { Err(Unsettled::Locked(lock).into()) } else { Ok(place) }
    }

    /// The same while its index is locked by this program.
    pub(super) async fn find_locked(path: &Path) -> Result<Self, GitError> {
        let repository = Repository::existing(path.to_owned()).await?;
        if repository.is_bare {
            return Err(Unsettled::Bare(path.to_owned()).into());
        }
        let is_there = |name: &str| repository.git_dir.join(name).exists();
        if let Some((_, what)) = UNDER_WAY.iter().find(|(name, _)| is_there(name)) {
            return Err(Unsettled::UnderWay { what }.into());
        }
        let commit = repository.head.as_ref().ok_or(Unsettled::NoCommit)?.commit.clone();
        let branch = commit.branch.ok_or(Unsettled::Detached)?;
        Ok(Self { branch, head: commit.id, repository })
    }
}

/// The tracked files that aren't as HEAD has them.
pub(super) async fn dirty(scratch: &Scratch) -> Result<Vec<String>, GitError> {
    let list = || scratch.git("looking for changes");
    // A file that was written again as it was is none with changes, also to what moves files later.
    list().args(["update-index", "-q", "--unmerged", "--refresh"]).output().await?;
    let marked = list().args(["ls-files", "-t", "-z", "--cached"]).output().await?;
    if marked.split(|byte| *byte == 0).any(|record| record.starts_with(b"S ")) {
        return Err(Unsettled::Sparse.into());
    }
    let changed = list().args(["ls-files", "-z", "--modified", "--deleted"]).output().await?;
    let compare = ["diff-index", "--cached", "--name-only", "-z", "--ignore-submodules=dirty", "HEAD", "--"];
    let staged = list().args(compare).output().await?;
    let mut names: Vec<_> = names(&changed).into_iter().chain(names(&staged)).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Paths with a NUL behind each, as text.
pub(super) fn names(printed: &[u8]) -> Vec<String> {
    printed.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(to_text).collect()
}
