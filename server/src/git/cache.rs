//! Caches: clones of remote repositories without a work tree, from which sessions get their code.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use octobot_wire::workspace::Commit;
use tokio::fs;
use tokio_util::sync::CancellationToken;

use super::remote::Remote;
use super::repository::Repository;
use super::{GitError, Login, Progress};

/// Everything that a session could start from: not the forge's own refs, such as those of pull requests.
const REFSPECS: [&str; 2] = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];

/// Brings the cache up to date with the repository at `url`, and returns the commit that it is at; none when the
/// repository has no commit yet. `url` must come from [`super::parse_source`].
///
/// A cache is made whole or not at all: a clone is put beside it first, and what a cancelled one leaves there is
/// removed by the next call or by [`remove_cache`]. Two calls for one cache must not overlap.
pub async fn clone_into_cache(
    url: &str,
    login: Option<&Login>,
    cache: &Path,
    progress: impl FnMut(Progress),
    cancel: &CancellationToken,
) -> Result<Option<Commit>, GitError> {
    let work = async {
        let remote = Remote::new(url, login)?;
        // What can't be opened is left over from a fault of the disk, and can be had again.
        match open(cache).await {
            Ok(Some(_)) => fetch(&remote, url, cache, progress).await?,
            Ok(None) | Err(GitError::BrokenRepository { .. }) => clone(&remote, url, cache, progress).await?,
            Err(error) => return Err(error),
        }
        head_of_cache(cache).await
    };
    tokio::select! {
        result = work => result,
        () = cancel.cancelled() => Err(GitError::Cancelled),
    }
}

/// Deletes a cache, and what a clone that was broken off has left beside it.
pub async fn remove_cache(cache: &Path) -> Result<(), GitError> {
    remove(&beside(cache)).await?;
    remove(cache).await
}

/// The commit that a cache is at; none when its repository has no commit yet.
pub async fn head_of_cache(cache: &Path) -> Result<Option<Commit>, GitError> {
    match open(cache).await? {
        Some(repository) => Ok(repository.head.map(|head| head.commit)),
        None => Err(GitError::NotFound { path: cache.to_owned() }),
    }
}

async fn clone(remote: &Remote<'_>, url: &str, cache: &Path, progress: impl FnMut(Progress)) -> Result<(), GitError> {
    remove_cache(cache).await?;
    let partial = beside(cache);
    let git = remote.git("cloning").args(["clone", "--bare", "--progress", "--template=", "--no-recurse-submodules"]);
    let cloned = git.args(["--".as_ref(), url.as_ref(), partial.as_os_str()]).with_progress(progress).await;
    if let Err(error) = cloned {
        remove(&partial).await?;
        return Err(remote.explain(error));
    }
    fs::rename(&partial, cache).await.map_err(GitError::files(cache))
}

async fn fetch(remote: &Remote<'_>, url: &str, cache: &Path, progress: impl FnMut(Progress)) -> Result<(), GitError> {
    let mut git = remote.git("fetching");
    git.env("GIT_DIR", cache);
    let arguments = ["fetch", "--prune", "--progress", "--no-recurse-submodules", "--no-write-fetch-head", "--", url];
    let fetched = git.args(arguments).args(REFSPECS).with_progress(progress).await;
    fetched.map_err(|error| remote.explain(error))?;
    follow_default_branch(remote, url, cache).await
}

/// The remote's default branch may be another one by now.
async fn follow_default_branch(remote: &Remote<'_>, url: &str, cache: &Path) -> Result<(), GitError> {
    let listing = remote.git("asking for the default branch").args(["ls-remote", "--symref", "--", url, "HEAD"]);
    let output = listing.output().await.map_err(|error| remote.explain(error))?;
    let output = String::from_utf8_lossy(&output);
    let head = output.lines().find_map(|line| line.strip_prefix("ref: ")?.strip_suffix("\tHEAD"));
    let Some(branch) = head.filter(|branch| branch.starts_with("refs/heads/")) else { return Ok(()) };
    let mut git = remote.git("setting the default branch");
    git.env("GIT_DIR", cache);
    git.args(["symbolic-ref", "HEAD", branch]).output().await.map(drop)
}

async fn open(cache: &Path) -> Result<Option<Repository>, GitError> {
    let cache = cache.to_owned();
    let opened = tokio::task::spawn_blocking(move || Repository::open(&cache));
    opened.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// Where a clone is put until it is whole.
fn beside(cache: &Path) -> PathBuf {
    let mut name = OsString::from(cache);
    name.push(".partial");
    PathBuf::from(name)
}

async fn remove(path: &Path) -> Result<(), GitError> {
    match fs::remove_dir_all(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(GitError::files(path)(error)),
        _ => Ok(()),
    }
}
