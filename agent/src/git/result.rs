//! What the session made, on its way out: as a commit in a bundle, or as a patch.

use std::path::{Path, PathBuf};

use octobot_wire::daemon::{BUNDLE_BASE_REF, BUNDLE_RESULT_REF, BUNDLE_START_REF};

use crate::git::command::Git;
use crate::git::kept::{self, AT_NO_TIME, text};
use crate::git::{CodeError, files, fork};

/// What the commit says that holds it.
const MESSAGE: &str = "Work that wasn't committed in the session";

/// The bundle's file, among the daemon's own.
const BUNDLE: &str = "result.bundle";

/// What a session started with.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The tree.
    pub tree: &'a str,
    /// An index that holds it, if there is one.
    pub index: &'a Path,
}

/// Writes a bundle with the agent's commits, and one on top with what isn't committed, if there is anything. What the bundle builds
/// upon is the commit that the session started from; where there was none, what the session started with is in there as well. Neither
/// the agent's branch nor its index changes.
pub async fn bundle(git: &Git, workspace: &Path, data: &Path, start: Start<'_>) -> Result<PathBuf, CodeError> {
    let Some(base) = git.find(&format!("{BUNDLE_BASE_REF}^{{commit}}")).await? else {
        return bundle_without_base(git, data, start).await;
    };
    let tree = tree(git, workspace, data).await?;
    let commit = commit(git, tree).await?;
    if base == commit {
        return Err(CodeError::NothingNew);
    }
    git.ask().bytes(&["update-ref", BUNDLE_RESULT_REF, &commit]).await?;
    kept::write_bundle(git, data.join(BUNDLE), &[BUNDLE_RESULT_REF, &format!("^{base}")]).await
}

/// The same where the session started from no commit.
async fn bundle_without_base(git: &Git, data: &Path, start: Start<'_>) -> Result<PathBuf, CodeError> {
    let tree = tree_after(git, data, start).await?;
    if tree == start.tree {
        return Err(CodeError::NothingNew);
    }
    fork::keep_start(git, start.tree).await?;
    let commit = commit(git, tree).await?;
    git.ask().bytes(&["update-ref", BUNDLE_RESULT_REF, &commit]).await?;
    kept::write_bundle(git, data.join(BUNDLE), &[BUNDLE_RESULT_REF, BUNDLE_START_REF]).await
}

/// Writes a patch from the tree that the session started with to the files as they are.
pub async fn patch(git: &Git, workspace: &Path, data: &Path, start: &str) -> Result<PathBuf, CodeError> {
    let tree = tree(git, workspace, data).await?;
    if tree == start {
        return Err(CodeError::NothingNew);
    }
    let out = data.join("result.patch");
    let mut written = std::ffi::OsString::from("--output=");
    written.push(&out);
    let options = ["diff-tree", "-r", "-p", "--binary", "-M", "--no-ext-diff", "--no-textconv"];
    let mut arguments: Vec<std::ffi::OsString> = options.map(Into::into).to_vec();
    arguments.extend([written, start.into(), tree.into()]);
    git.ask().bytes(&arguments).await?;
    Ok(out)
}

/// The commit that has all files as they are, which `tree` is of: HEAD, or one on top of it.
async fn commit(git: &Git, tree: String) -> Result<String, CodeError> {
    let Some(head) = git.find("HEAD^{commit}").await? else {
        return kept::commit(git, &tree, None, MESSAGE, &AT_NO_TIME).await;
    };
    if git.find(&format!("{head}^{{tree}}")).await?.as_ref() == Some(&tree) {
        return Ok(head);
    }
    let ask = ["log", "--max-count=1", "--no-show-signature", "--format=%ct", head.as_str(), "--"];
    let time = format!("@{} +0000", text(&git.ask().bytes(&ask).await?));
    let times = [("GIT_AUTHOR_DATE", time.as_str()), ("GIT_COMMITTER_DATE", time.as_str())];
    kept::commit(git, &tree, Some(head.as_str()), MESSAGE, &times).await
}

/// The tree of all files as they are, but for those that git ignores and nobody has added.
async fn tree(git: &Git, workspace: &Path, data: &Path) -> Result<String, CodeError> {
    let index = data.join("result.index");
    kept::unlock(&index)?;
    let own = workspace.join(".git/index");
    // What the file system said of the files then saves reading them all.
    if own.exists() {
        tokio::fs::copy(&own, &index).await.map_err(files("copy the index"))?;
    } else {
        let head = git.find("HEAD^{commit}").await?;
        git.ask().index(&index).bytes(&["read-tree", head.as_deref().unwrap_or("--empty")]).await?;
    }
    git.ask().index(&index).bytes(&["add", "--all"]).await?;
    Ok(text(&git.ask().index(&index).bytes(&["write-tree"]).await?))
}

/// The tree of all files as they are, but for those that git ignores and neither the start has nor anybody has added. Git may ignore
/// by now what the start has, and that isn't gone because of it.
async fn tree_after(git: &Git, data: &Path, start: Start<'_>) -> Result<String, CodeError> {
    let index = data.join("result.index");
    kept::unlock(&index)?;
    if start.index.exists() {
        tokio::fs::copy(start.index, &index).await.map_err(files("copy the index"))?;
    } else {
        git.ask().index(&index).bytes(&["read-tree", start.tree]).await?;
    }
    git.ask().index(&index).bytes(&["add", "--all"]).await?;
    let added = git.ask().bytes(&["ls-files", "-z", "--cached", "--ignored", "--exclude-standard"]).await?;
    if !added.is_empty() {
        let update = git.ask().index(&index).input(added);
        update.bytes(&["update-index", "-z", "--add", "--remove", "--replace", "--stdin"]).await?;
    }
    Ok(text(&git.ask().index(&index).bytes(&["write-tree"]).await?))
}
