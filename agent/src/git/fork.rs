//! The workspace as it was at a moment, for another session that goes on from there.
//!
//! The bundle brings what the session started with and the commit that it started from, so that the other session's changes are
//! measured from the same place, and the kept state of the moment: its tree is the files, its parent the commit that was checked out.

use std::path::{Path, PathBuf};

use octobot_wire::daemon::{BUNDLE_BASE_REF, BUNDLE_FORK_REF, BUNDLE_START_REF};

use crate::git::CodeError;
use crate::git::command::Git;
use crate::git::kept::{self, AT_NO_TIME};

/// What the commit says that holds what a session started with.
const START_MESSAGE: &str = "What the session started with";

/// Makes the commit that has a session's start, a tree, and names it. Of the same tree there is always the same commit.
pub async fn keep_start(git: &Git, start: &str) -> Result<(), CodeError> {
    let started = kept::commit(git, start, None, START_MESSAGE, &AT_NO_TIME).await?;
    git.ask().bytes(&["update-ref", BUNDLE_START_REF, &started]).await.map(drop)
}

/// Writes a bundle of a kept state.
pub async fn bundle(git: &Git, data: &Path, start: &str, state: &str) -> Result<PathBuf, CodeError> {
    keep_start(git, start).await?;
    git.ask().bytes(&["update-ref", BUNDLE_FORK_REF, state]).await?;
    let base = git.find(&format!("{BUNDLE_BASE_REF}^{{commit}}")).await?;
    let revisions: Vec<&str> =
        [BUNDLE_START_REF, BUNDLE_FORK_REF].into_iter().chain(base.map(|_| BUNDLE_BASE_REF)).collect();
    let out = kept::write_bundle(git, data.join("fork.bundle"), &revisions).await?;
    git.ask().bytes(&["update-ref", "-d", BUNDLE_FORK_REF]).await?;
    Ok(out)
}
