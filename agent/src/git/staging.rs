//! Staging changes for people, and taking them back: of files, or some of those of a file. The work tree stays as it is.

use std::path::{Path, PathBuf};

use octobot_wire::code::{CommitPart, FileKind, LineSpan, StageChanges};

use crate::files::{Content, path_of, state_of};
use crate::git::command::Git;
use crate::git::lines::{bytes, has_lines, put_entry, spliced};
use crate::git::records::{self, Uncommitted};
use crate::git::standing::{self, RepositoryError};
use crate::git::{CodeError, content, found, parts};

/// Stages changes, or takes them back.
pub async fn change(git: &Git, workspace: &Path, request: &StageChanges) -> Result<(), CodeError> {
    standing::check(workspace)?;
    let printed = standing::status(git).await?;
    let uncommitted = records::uncommitted(&printed)?;
    let named = |path: &Path| request.parts.iter().any(|part| path_of(&part.path) == path);
    standing::check_conflicts(uncommitted.iter().filter(|file| named(file.path)))?;
    let is_all = request.paths.is_none() && request.parts.is_empty();
    let paths: Option<Vec<PathBuf>> =
        request.paths.as_ref().map(|paths| paths.iter().map(|path| path_of(path)).collect());
    let whole = match &paths {
        Some(paths) if paths.is_empty() && !request.parts.is_empty() => Vec::new(),
        Some(paths) => standing::named(&uncommitted, paths)?,
        None if is_all => uncommitted,
        None => Vec::new(),
    };
    // Everything is found out before something is changed.
    let mut sides = Vec::new();
    for part in &request.parts {
        let path = path_of(&part.path);
        let side =
            if request.is_back { without(git, &path, part).await? } else { with(git, workspace, &path, part).await? };
        sides.push((path, side));
    }
    match (request.is_back, is_all) {
        (true, _) => unstage(git, &whole).await?,
        (false, true) => stage_all(git, &whole).await?,
        (false, false) => stage(git, &whole).await?,
    }
    for (path, side) in sides {
        put_entry(git, None, &path, side.as_ref()).await?;
    }
    Ok(())
}

/// Stages everything as it is, also where a file has gone since it was listed.
async fn stage_all(git: &Git, files: &[Uncommitted<'_>]) -> Result<(), CodeError> {
    standing::check_conflicts(files)?;
    git.ask().bytes(&["add", "--all"]).await.map(drop)
}

/// Stages files as they are.
async fn stage(git: &Git, files: &[Uncommitted<'_>]) -> Result<(), CodeError> {
    standing::check_conflicts(files)?;
    let input = records::with_nul(files.iter().filter(|file| file.has_unstaged).map(|file| file.path));
    if input.is_empty() {
        return Ok(());
    }
    let add = ["add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"];
    git.ask().input(input).bytes(&add).await.map(drop)
}

/// Lets the index have of files what the last commit has.
async fn unstage(git: &Git, files: &[Uncommitted<'_>]) -> Result<(), CodeError> {
    let input = records::with_nul(files.iter().filter(|file| file.has_staged).map(|file| file.path));
    if input.is_empty() {
        return Ok(());
    }
    let reset = ["reset", "--quiet", "--pathspec-from-file=-", "--pathspec-file-nul"];
    git.ask().input(input).bytes(&reset).await.map(drop)
}

/// What is staged of a file, with some of its other changes; none where nothing of it is left.
async fn with(git: &Git, workspace: &Path, path: &Path, part: &CommitPart) -> Result<Option<Content>, CodeError> {
    let old = found(content::staged(git, path).await)?;
    let new = found(content::now(workspace, path.to_owned()).await)?;
    check_states(path, part, [&old, &new])?;
    parts::check_filters(git, path, new.as_ref()).await?;
    // What is new takes the place of what was, where that was chosen.
    let spans: Vec<LineSpan> = part.spans.iter().map(|span| LineSpan { old: span.new, new: span.old }).collect();
    let made = spliced(bytes(new.as_ref()), bytes(old.as_ref()), &spans);
    // Whether it may be executed is a change of its own, which nobody chose.
    let kind = old.as_ref().or(new.as_ref()).map_or(FileKind::File, |side| side.kind);
    left(path, kind, made, new.is_some())
}

/// What is staged of a file, without some of its changes.
async fn without(git: &Git, path: &Path, part: &CommitPart) -> Result<Option<Content>, CodeError> {
    let old = match git.find("HEAD^{commit}").await? {
        Some(head) => found(content::read(git, &head, path).await)?,
        None => None,
    };
    let new = found(content::staged(git, path).await)?;
    check_states(path, part, [&old, &new])?;
    let made = spliced(bytes(old.as_ref()), bytes(new.as_ref()), &part.spans);
    let kind = new.as_ref().or(old.as_ref()).map_or(FileKind::File, |side| side.kind);
    left(path, kind, made, old.is_some())
}

/// Refuses what has no lines, and what isn't as it was shown.
fn check_states(path: &Path, part: &CommitPart, sides: [&Option<Content>; 2]) -> Result<(), RepositoryError> {
    if sides.into_iter().flatten().any(|side| !has_lines(side)) {
        return Err(RepositoryError::WholeOnly(path.to_owned()));
    }
    if sides.iter().all(|side| side.is_none()) {
        return Err(RepositoryError::NotChanged(path.to_owned()));
    }
    let states = sides.map(|side| side.as_ref().map(|side| state_of(&side.bytes)));
    if states == [part.base.clone(), part.state.clone()] {
        Ok(())
    } else {
        Err(RepositoryError::Outdated(path.to_owned()))
    }
}

/// A file of these lines; none where none are left of one that isn't to be there.
fn left(path: &Path, kind: FileKind, made: Option<Vec<u8>>, is_there: bool) -> Result<Option<Content>, CodeError> {
    let bytes = made.ok_or_else(|| RepositoryError::NoSuchLines(path.to_owned()))?;
    Ok(Some(Content { kind, bytes }).filter(|made| is_there || !made.bytes.is_empty()))
}
