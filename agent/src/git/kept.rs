//! Commits that no branch knows, and the numbers by which they are kept: what isn't to be lost, or goes to somebody else.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use crate::git::command::Git;
use crate::git::{CodeError, files};

/// Who commits where nobody in the sandbox does.
pub const AUTHOR: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "Octobot"),
    ("GIT_AUTHOR_EMAIL", "octobot@localhost"),
    ("GIT_COMMITTER_NAME", "Octobot"),
    ("GIT_COMMITTER_EMAIL", "octobot@localhost"),
];

/// Of the same files there is always the same commit, so that whoever takes it over twice has it once.
pub const AT_NO_TIME: [(&str, &str); 2] = [("GIT_AUTHOR_DATE", "@0 +0000"), ("GIT_COMMITTER_DATE", "@0 +0000")];

/// A commit of a tree, on top of another one or of none. It is of now, unless `variables` say of when.
pub async fn commit(
    git: &Git,
    tree: &str,
    parent: Option<&str>,
    message: &str,
    variables: &[(&str, &str)],
) -> Result<String, CodeError> {
    let variables: Vec<_> = AUTHOR.into_iter().chain(variables.iter().copied()).collect();
    let mut arguments: Vec<OsString> = ["commit-tree", "-F", "-"].map(Into::into).to_vec();
    arguments.extend(parent.into_iter().flat_map(|parent| ["-p".into(), parent.into()]));
    arguments.push(tree.into());
    let asking = git.ask().variables(&variables).input(message.as_bytes().to_vec());
    Ok(text(&asking.bytes(&arguments).await?))
}

/// The number after the largest one by which something is kept under a name.
pub async fn next_number(git: &Git, prefix: &str) -> Result<u32, CodeError> {
    let printed = git.ask().bytes(&["for-each-ref", "--format=%(refname)", prefix]).await?;
    let printed = String::from_utf8_lossy(&printed);
    let number = |name: &str| name.strip_prefix(prefix)?.split('/').next()?.parse::<u32>().ok();
    Ok(printed.lines().filter_map(number).max().unwrap_or_default() + 1)
}

/// Removes the lock of a file of the daemon's own, an index or a bundle, that a daemon has left behind that was killed. There is no other one with this
/// data, and its own commands come one after another.
pub fn unlock(file: &Path) -> Result<(), CodeError> {
    let mut lock = file.as_os_str().to_owned();
    lock.push(".lock");
    match std::fs::remove_file(lock) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(files("remove a lock")(error)),
        _ => Ok(()),
    }
}

/// What git printed on one line.
pub fn text(printed: &[u8]) -> String {
    String::from_utf8_lossy(printed).trim().to_owned()
}
