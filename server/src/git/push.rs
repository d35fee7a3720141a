//! Sending what a session made to where its workspace's code comes from, as a branch there.
//!
//! The bundle comes from a sandbox, so it is unpacked and checked in a scratch repository, and is pushed from that one, with a login of
//! the project's or the operator's credentials, and over the transports that a source may name. Hooks don't run: not here, and not in a repository that is a
//! folder of this machine, which anybody may have made.

use std::path::{Path, PathBuf};

use octobot_wire::daemon::BUNDLE_RESULT_REF;
use octobot_wire::workspace::WorkspaceSource;

use super::arrival::{read_ref, unpack};
use super::remote::Remote;
use super::repository::Repository;
use super::scratch::Scratch;
use super::{GitError, InvalidSource, Login, parse_source};

/// So many names are tried for a branch before its session's name is given up.
const MOST_NAMES: u32 = 20;

/// What git says when the branch there has commits that this one hasn't.
const DIVERGED: &str = "[rejected]";

/// Where a branch goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// To a repository by its URL, which must come from [`parse_source`].
    Url(&'a str),
    /// To what the workspace's repository calls `origin`.
    Origin,
}

/// The URL that a target is at.
pub async fn target_url(workspace: &Path, target: Target<'_>) -> Result<String, GitError> {
    match target {
        Target::Url(url) => Ok(url.to_owned()),
        Target::Origin => {
            let repository = Repository::existing(workspace.to_owned()).await?;
            address(repository.origin.as_deref().ok_or(GitError::NoOrigin)?, workspace)
        }
    }
}

/// Pushes what a bundle brings to a URL that [`target_url`] tells, and tells the branch. It is called `wanted`, with a number behind it
/// where a branch of that name has commits that this one hasn't. `workspace` has the objects that the bundle builds upon; temporary files
/// go into `scratch`.
pub async fn push(
    workspace: &Path,
    url: &str,
    login: Option<&Login>,
    bundle: &Path,
    wanted: &str,
    scratch: &Path,
) -> Result<String, GitError> {
    let repository = Repository::existing(workspace.to_owned()).await?;
    let scratch = Scratch::of_repository(workspace, &repository, Some(scratch)).await?;
    unpack(&scratch, bundle).await?;
    let commit = read_ref(scratch.path(), BUNDLE_RESULT_REF)?;
    let remote = Remote::new(url, login)?;
    for number in 1..=MOST_NAMES {
        let branch = if number == 1 { wanted.to_owned() } else { format!("{wanted}-{number}") };
        match push_as(&remote, &scratch, &commit, &branch).await {
            Ok(()) => return Ok(branch),
            Err(GitError::Command { said, .. }) if said.contains(DIVERGED) => {}
            Err(error) => return Err(remote.explain_push(error)),
        }
    }
    Err(GitError::TooManyBranches { branch: wanted.to_owned() })
}

async fn push_as(remote: &Remote<'_>, scratch: &Scratch, commit: &str, branch: &str) -> Result<(), GitError> {
    let mut git = remote.git("pushing a branch");
    git.env("GIT_DIR", scratch.path()).setting("push.followTags=false").setting("core.hooksPath=/dev/null");
    let mut git = git.args(["push", "--quiet", "--no-verify", "--no-signed", "--recurse-submodules=no"]);
    if remote.is_folder() {
        git = git.args(["--receive-pack=git -c core.hooksPath=/dev/null receive-pack"]);
    }
    let refspec = format!("{commit}:refs/heads/{branch}");
    git.args(["--", remote.url(), &refspec]).output().await.map(drop)
}

/// The URL that a remote's configuration means. A path is a folder of this machine.
fn address(origin: &str, workspace: &Path) -> Result<String, GitError> {
    let refused = |reason| GitError::Origin { reason };
    let is_path = origin.starts_with(['/', '.']);
    let text = if is_path {
        let path: PathBuf = workspace.join(origin);
        let path = path.canonicalize().map_err(GitError::files(path))?;
        format!("file://{}", path.display())
    } else {
        origin.to_owned()
    };
    match parse_source(&text).map_err(refused)? {
        WorkspaceSource::Git { url } => Ok(url),
        WorkspaceSource::Folder { .. } => Err(refused(InvalidSource::Transport)),
    }
}
