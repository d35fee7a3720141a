//! Commits that no branch knows, and the numbers by which they are kept: what isn't to be lost, or goes to somebody else.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use crate::git::command::Git;
use crate::git::records::{self, Uncommitted};
use crate::git::{CodeError, files};

/// Who commits where nobody in the sandbox does.
pub const AUTHOR: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "Octobot"),
    ("GIT_AUTHOR_EMAIL", "octobot@localhost"),
    ("GIT_COMMITTER_NAME", "Octobot"),
    ("GIT_COMMITTER_EMAIL", "octobot@localhost"),
];

/// So many bytes of a bundle are read for what it says of itself.
const MOST_HEAD: u64 = 4 * 1024;

/// Of the same files there is always the same commit, so that whoever takes it over twice has it once.
pub const AT_NO_TIME: [(&str, &str); 2] = [("GIT_AUTHOR_DATE", "@0 +0000"), ("GIT_COMMITTER_DATE", "@0 +0000")];

/// A commit of a tree, on top of others or of none. It is of now, unless `variables` say of when.
pub async fn commit<'a>(
    git: &Git,
    tree: &str,
    parents: impl IntoIterator<Item = &'a str>,
    message: &str,
    variables: &[(&str, &str)],
) -> Result<String, CodeError> {
    let variables: Vec<_> = AUTHOR.into_iter().chain(variables.iter().copied()).collect();
    let mut arguments: Vec<OsString> = ["commit-tree", "-F", "-"].map(Into::into).to_vec();
    arguments.extend(parents.into_iter().flat_map(|parent| ["-p".into(), parent.into()]));
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

/// Keeps a commit under the next number of a name, which is returned.
pub async fn keep(git: &Git, prefix: &str, commit: &str) -> Result<u32, CodeError> {
    let number = next_number(git, prefix).await?;
    // Nothing may be there by that name.
    git.ask().bytes(&["update-ref", &format!("{prefix}{number}"), commit, ""]).await?;
    Ok(number)
}

/// Has an index of the daemon's own hold what a commit or a tree has, or nothing, and some files as they are in the work tree.
pub async fn fill(git: &Git, index: &Path, from: Option<&str>, files: &[Uncommitted<'_>]) -> Result<(), CodeError> {
    unlock(index)?;
    let ask = || git.ask().index(index);
    ask().bytes(&["read-tree", from.unwrap_or("--empty")]).await?;
    // Of one that was taken out of the index and is there, git tells both.
    let is_there = |path: &Path| files.iter().any(|file| file.path == path && file.is_there);
    let gone = records::with_nul(files.iter().map(|file| file.path).filter(|path| !is_there(path)));
    if !gone.is_empty() {
        ask().input(gone).bytes(&["update-index", "-z", "--force-remove", "--stdin"]).await?;
    }
    let there = records::with_nul(files.iter().filter(|file| file.is_there).map(|file| file.path));
    if !there.is_empty() {
        ask().input(there).bytes(&["update-index", "-z", "--add", "--replace", "--stdin"]).await?;
    }
    Ok(())
}

/// Writes a bundle of some revisions.
pub async fn write_bundle(git: &Git, out: PathBuf, revisions: &[&str]) -> Result<PathBuf, CodeError> {
    unlock(&out)?;
    let mut arguments: Vec<OsString> = ["bundle", "create", "--quiet"].map(Into::into).to_vec();
    arguments.push(out.clone().into_os_string());
    arguments.extend(revisions.iter().map(Into::into));
    git.ask().bytes(&arguments).await?;
    Ok(out)
}

/// What the ids of a bundle's objects are, as `git init` calls it.
pub fn format_of(bundle: &Path) -> io::Result<&'static str> {
    let mut lines = BufReader::new(File::open(bundle)?.take(MOST_HEAD)).split(b'\n');
    // Before anything else it says what reading it takes.
    while let Some(line) = lines.next().transpose()?.filter(|line| matches!(line.first(), Some(b'#' | b'@'))) {
        if line == b"@object-format=sha256" {
            return Ok("sha256");
        }
    }
    Ok("sha1")
}

/// Removes the lock of a file of the daemon's own, an index or a bundle, where a daemon that was killed has left one behind. No
/// other daemon has this data, and this one's commands come one after another.
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
