//! What the session made, on its way out: as a commit in a bundle, or as a patch.

use std::path::{Path, PathBuf};

use octobot_wire::daemon::{BUNDLE_BASE_REF, BUNDLE_RESULT_REF};

use crate::git::command::Git;
use crate::git::kept::{self, text};
use crate::git::{CodeError, files};

/// What the commit says that holds it.
const MESSAGE: &str = "Work that wasn't committed in the session";

/// Writes a bundle with the agent's commits, and one on top with what isn't committed, if there is anything. What the bundle builds
/// upon is the commit that the session started from. Neither the agent's branch nor its index changes.
pub async fn bundle(git: &Git, workspace: &Path, data: &Path) -> Result<PathBuf, CodeError> {
    let base = git.find(&format!("{BUNDLE_BASE_REF}^{{commit}}")).await?;
    let commit = commit(git, workspace, data).await?;
    if base.as_ref() == Some(&commit) {
        return Err(CodeError::NothingNew);
    }
    git.ask().bytes(&["update-ref", BUNDLE_RESULT_REF, &commit]).await?;
    let out = data.join("result.bundle");
    let mut arguments: Vec<std::ffi::OsString> = ["bundle", "create", "--quiet"].map(Into::into).to_vec();
    arguments.extend([out.clone().into_os_string(), BUNDLE_RESULT_REF.into()]);
    arguments.extend(base.map(|base| format!("^{base}").into()));
    git.ask().bytes(&arguments).await?;
    Ok(out)
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

/// The commit that has all files as they are: HEAD, or one on top of it.
async fn commit(git: &Git, workspace: &Path, data: &Path) -> Result<String, CodeError> {
    let head = git.find("HEAD^{commit}").await?;
    let tree = tree(git, workspace, data).await?;
    if let Some(head) = &head
        && git.find(&format!("{head}^{{tree}}")).await?.as_ref() == Some(&tree)
    {
        return Ok(head.clone());
    }
    // Of the same files there is always the same commit, so that whoever takes it over twice has it once.
    let seconds = match &head {
        Some(head) => {
            let ask = ["log", "--max-count=1", "--no-show-signature", "--format=%ct", head.as_str(), "--"];
            text(&git.ask().bytes(&ask).await?)
        }
        None => "0".to_owned(),
    };
    let time = format!("@{seconds} +0000");
    let times = [("GIT_AUTHOR_DATE", time.as_str()), ("GIT_COMMITTER_DATE", time.as_str())];
    kept::commit(git, &tree, head.as_deref(), MESSAGE, &times).await
}

/// The tree of all files as they are, but for those that git ignores and nobody has added.
async fn tree(git: &Git, workspace: &Path, data: &Path) -> Result<String, CodeError> {
    let index = data.join("result.index");
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
