//! Committing some of the changes of files. The commit is made of an index of the daemon's own, so that the work tree stays as it is,
//! and what else is staged stays so.

use std::path::Path;

use octobot_wire::code::{CommitPart, FileKind, LineSpan};

use crate::files::{Content, path_of, state_of};
use crate::git::command::Git;
use crate::git::kept::{self, text};
use crate::git::lines::{bytes, has_lines, spliced, tree_with};
use crate::git::records::Uncommitted;
use crate::git::standing::RepositoryError;
use crate::git::{CodeError, content, found};

/// Some of the changes, put together.
#[derive(Debug)]
pub struct Partly {
    /// The commit that they are changes of.
    pub head: Option<String>,
    /// All files with them.
    pub tree: String,
}

/// Makes a tree of what the last commit has, the named files as they are, and of others the chosen changes.
pub async fn put_together(
    git: &Git,
    index: &Path,
    workspace: &Path,
    whole: &[Uncommitted<'_>],
    parts: &[CommitPart],
) -> Result<Partly, CodeError> {
    let head = git.find("HEAD^{commit}").await?;
    kept::fill(git, index, head.as_deref(), whole).await?;
    for part in parts {
        let path = path_of(&part.path);
        let side = committed(git, workspace, head.as_deref(), &path, part).await?;
        tree_with(git, index, &path, side.as_ref()).await?;
    }
    let tree = text(&git.ask().index(index).bytes(&["write-tree"]).await?);
    Ok(Partly { head, tree })
}

/// A file as it is to be committed; none where nothing of it is left.
async fn committed(
    git: &Git,
    workspace: &Path,
    head: Option<&str>,
    path: &Path,
    part: &CommitPart,
) -> Result<Option<Content>, CodeError> {
    let old = match head {
        Some(head) => found(content::read(git, head, path).await)?,
        None => None,
    };
    let new = found(content::now(workspace, path.to_owned()).await)?;
    if [&old, &new].into_iter().flatten().any(|side| !has_lines(side)) {
        return Err(RepositoryError::WholeOnly(path.to_owned()).into());
    }
    let states = [&old, &new].map(|side| side.as_ref().map(|side| state_of(&side.bytes)));
    if states != [part.base.clone(), part.state.clone()] {
        return Err(RepositoryError::Outdated(path.to_owned()).into());
    }
    check_filters(git, path, new.as_ref()).await?;
    // What is new takes the place of what was, where that was chosen.
    let spans: Vec<LineSpan> = part.spans.iter().map(|span| LineSpan { old: span.new, new: span.old }).collect();
    let made = spliced(bytes(new.as_ref()), bytes(old.as_ref()), &spans);
    let made = made.ok_or_else(|| RepositoryError::NoSuchLines(path.to_owned()))?;
    // Whether it may be executed is a change of its own, which nobody chose.
    let kind = old.as_ref().or(new.as_ref()).map_or(FileKind::File, |side| side.kind);
    Ok(Some(Content { kind, bytes: made }).filter(|made| new.is_some() || !made.bytes.is_empty()))
}

/// Refuses a file whose lines git makes others of before they are committed.
pub async fn check_filters(git: &Git, path: &Path, new: Option<&Content>) -> Result<(), CodeError> {
    let Some(Content { bytes, .. }) = new else { return Ok(()) };
    let mut given = std::ffi::OsString::from("--path=");
    given.push(path);
    let plain = git.ask().input(bytes.clone()).bytes(&["hash-object", "--stdin"]).await?;
    let filtered = git.ask().input(bytes.clone()).bytes(&["hash-object".into(), "--stdin".into(), given]).await?;
    if plain == filtered { Ok(()) } else { Err(RepositoryError::WholeOnly(path.to_owned()).into()) }
}
