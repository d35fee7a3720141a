//! Committing what is in the work tree, for people.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use octobot_wire::code::CommitPart;
use octobot_wire::code::repository::{LoggedCommit, MAX_COMMIT_MESSAGE};

use crate::files::path_of;
use crate::git::command::{Asking, Git};
use crate::git::kept::{AUTHOR, text};
use crate::git::parts::Partly;
use crate::git::records::{Tracking, Uncommitted};
use crate::git::standing::{self, RepositoryError};
use crate::git::{CodeError, discard, files, history, parts, records};

/// Settings without which git would sign, and write what isn't UTF-8.
const SETTINGS: [&str; 2] = ["commit.gpgSign=false", "i18n.commitEncoding=UTF-8"];

/// What is committed.
#[derive(Debug, Clone, Copy)]
pub enum Chosen<'a> {
    /// What is staged.
    Staged,
    /// Of these files all changes, all there are without any, and those of files of which some are meant.
    Changes(Option<&'a [PathBuf]>, &'a [CommitPart]),
}

/// Commits what is chosen to the branch that is checked out. No hook runs. What else is staged stays so.
pub async fn make(
    git: &Git,
    workspace: &Path,
    data: &Path,
    message: &str,
    chosen: Chosen<'_>,
) -> Result<LoggedCommit, CodeError> {
    let message = checked(message)?;
    standing::check_branch(git, workspace).await?;
    let printed = standing::status(git).await?;
    let uncommitted = records::uncommitted(&printed)?;
    standing::check_conflicts(&uncommitted)?;
    let author: &[(&str, &str)] = if has_author(git).await? { &[] } else { &AUTHOR };
    let asking = git.ask().settings(&SETTINGS).variables(author).input(message.as_bytes().to_vec());
    match chosen {
        Chosen::Changes(paths, parts) if !parts.is_empty() => {
            let whole = match paths {
                Some(paths) if !paths.is_empty() => standing::named(&uncommitted, paths)?,
                _ => Vec::new(),
            };
            let is_part = |path: &Path| parts.iter().any(|part| path_of(&part.path) == path);
            // What is staged of it would be lost.
            if let Some(file) = uncommitted.iter().find(|file| file.has_staged && is_part(file.path)) {
                return Err(RepositoryError::Staged(file.path.to_owned()).into());
            }
            let partly = parts::put_together(git, &data.join("commit.index"), workspace, &whole, parts).await?;
            commit_partly(git, &partly, asking).await?;
        }
        Chosen::Staged | Chosen::Changes(..) => {
            let mut arguments: Vec<OsString> =
                ["commit", "--quiet", "--no-verify", "--cleanup=whitespace", "-F", "-"].map(Into::into).to_vec();
            if let Chosen::Changes(paths, _) = chosen {
                arguments.extend(prepare(git, &data.join("commit.paths"), &uncommitted, paths).await?);
            }
            asking.maybe(&arguments).await?.ok_or(RepositoryError::NothingToCommit)?;
        }
    }
    let head = history::latest(git).await?;
    head.ok_or_else(|| CodeError::NoCommit("HEAD".to_owned()))
}

/// Makes all changes, or the named new files, known to git, and tells with which further arguments it commits. `list` is a file for names.
async fn prepare(
    git: &Git,
    list: &Path,
    uncommitted: &[Uncommitted<'_>],
    paths: Option<&[PathBuf]>,
) -> Result<Vec<OsString>, CodeError> {
    let Some(paths) = paths else {
        git.ask().bytes(&["add", "--all"]).await?;
        return Ok(Vec::new());
    };
    let named = standing::named(uncommitted, paths)?;
    let new = records::with_nul(named.iter().filter(|file| file.tracking == Tracking::New).map(|file| file.path));
    if !new.is_empty() {
        let add = ["add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"];
        git.ask().input(new).bytes(&add).await?;
    }
    let named = records::with_nul(named.iter().map(|file| file.path));
    tokio::fs::write(list, named).await.map_err(files("write a list of files"))?;
    let mut given = OsString::from("--pathspec-from-file=");
    given.push(list);
    Ok(vec!["--only".into(), given, "--pathspec-file-nul".into()])
}

/// Commits some of the changes, unless somebody has committed others meanwhile, which that would take back. `asking` has the message
/// and who commits.
///
/// First they are staged, which fails where another git is at work: an index that had of them what was before the commit would
/// have the opposite of it staged.
async fn commit_partly(git: &Git, Partly { head, tree }: &Partly, asking: Asking<'_>) -> Result<(), CodeError> {
    let before = match head {
        Some(head) => head.clone(),
        None => discard::empty_tree(git).await?,
    };
    let differing = ["diff-tree", "-r", "--raw", "--no-renames", "-z", &before, tree];
    let entries = records::index_entries(&git.ask().bytes(&differing).await?)?;
    if entries.is_empty() {
        return Err(RepositoryError::NothingToCommit.into());
    }
    git.ask().input(entries).bytes(&["update-index", "-z", "--index-info"]).await?;
    let mut arguments = vec!["commit-tree", "-F", "-"];
    arguments.extend(head.iter().flat_map(|head| ["-p", head]));
    arguments.push(tree);
    let made = text(&asking.bytes(&arguments).await?);
    let moved = git.ask().bytes(&["update-ref", "-m", "commit", "HEAD", &made, head.as_deref().unwrap_or("")]).await;
    if let Err(error) = moved {
        let now = git.find("HEAD^{commit}").await?;
        return Err(if now == *head { error } else { RepositoryError::Moved.into() });
    }
    Ok(())
}

fn checked(message: &str) -> Result<&str, RepositoryError> {
    let message = message.trim();
    if message.is_empty() {
        Err(RepositoryError::Message("a commit needs a message"))
    } else if message.len() > MAX_COMMIT_MESSAGE {
        Err(RepositoryError::Message("the message is longer than 64 KiB"))
    } else if message.contains('\0') {
        Err(RepositoryError::Message("a NUL character can't be in a message"))
    } else {
        Ok(message)
    }
}

/// Whether the repository says who commits.
async fn has_author(git: &Git) -> Result<bool, CodeError> {
    for key in ["user.name", "user.email"] {
        let value = git.ask().maybe(&["config", "--get", key]).await?;
        if value.is_none_or(|value| value.trim_ascii().is_empty()) {
            return Ok(false);
        }
    }
    Ok(true)
}
