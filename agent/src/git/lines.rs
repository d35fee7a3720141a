//! Putting lines of a file back to what it had earlier, and bringing back what was thrown away by that.
//!
//! What is thrown away is kept first: as a commit with the file as it was, on top of one with the file as it was left. Both have its
//! bytes as they are, whatever filters the repository names, so that they come back as they were.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use octobot_wire::code::{FileKind, LineSpan, PutLinesBack};
use tokio::task::spawn_blocking;

use crate::files::{self, ChangeError, Content, FileError, state_of};
use crate::git::command::Git;
use crate::git::discard::KEPT;
use crate::git::kept::{self, text};
use crate::git::standing::RepositoryError;
use crate::git::{CodeError, content, found, records};

/// What the commits say.
const MESSAGE: &str = "Lines that were discarded";

/// Puts lines of a file back, which was and is as `sides` say, and returns the number by which what was thrown away is kept.
pub async fn put_back(
    git: &Git,
    workspace: &Path,
    data: &Path,
    path: &Path,
    sides: (Option<Content>, Option<Content>),
    request: &PutLinesBack,
) -> Result<u32, CodeError> {
    let (old, new) = sides;
    if [&old, &new].into_iter().flatten().any(|side| !has_lines(side)) {
        return Err(RepositoryError::NoLines(path.to_owned()).into());
    }
    if new.as_ref().map(|new| state_of(&new.bytes)) != request.state {
        return Err(RepositoryError::Outdated(path.to_owned()).into());
    }
    let bytes = spliced(bytes(old.as_ref()), bytes(new.as_ref()), &request.spans)
        .ok_or_else(|| RepositoryError::NoSuchLines(path.to_owned()))?;
    let kind = new.as_ref().or(old.as_ref()).map_or(FileKind::File, |side| side.kind);
    // Of a file that wasn't there, nothing is left with its last line.
    let after = Some(Content { kind, bytes }).filter(|after| old.is_some() || !after.bytes.is_empty());
    if after == new {
        return Err(RepositoryError::NotChanged(path.to_owned()).into());
    }
    let number = keep(git, data, path, (new.as_ref(), after.as_ref())).await?;
    match put(workspace, path, request.state.clone(), after).await {
        Ok(()) => {
            tracing::info!(discard.number = number, "lines were discarded");
            Ok(number)
        }
        // Nothing was thrown away, so nothing is kept.
        Err(error) => {
            git.ask().bytes(&["update-ref", "-d", &format!("{KEPT}{number}")]).await?;
            Err(match error {
                ChangeError::Another { path, .. } => RepositoryError::Outdated(path).into(),
                error => error.into(),
            })
        }
    }
}

/// Whether a kept commit is one of lines.
pub async fn are_kept(git: &Git, kept: &str) -> Result<bool, CodeError> {
    let printed = git.ask().settings(&["log.showSignature=false"]).bytes(&["log", "-1", "--format=%s", kept]).await?;
    Ok(text(&printed) == MESSAGE)
}

/// Brings back what was thrown away, unless the file has changed since.
pub async fn undo(git: &Git, workspace: &Path, kept: &str, reference: &str) -> Result<(), CodeError> {
    let left = format!("{kept}^");
    let arguments = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", &left, kept];
    let printed = git.ask().bytes(&arguments).await?;
    for path in records::names(&printed) {
        let left = found(content::read(git, &left, path).await)?.map(|left| state_of(&left.bytes));
        let was = found(content::read(git, kept, path).await)?;
        match put(workspace, path, left, was).await {
            Err(ChangeError::Another { path, .. } | ChangeError::File(FileError::NotRegular(path))) => {
                return Err(RepositoryError::ChangedSince { path, reference: reference.to_owned() }.into());
            }
            put => put?,
        }
    }
    Ok(())
}

/// The bytes of a file, if there is one.
pub fn bytes(side: Option<&Content>) -> &[u8] {
    side.map_or(&[], |side| &side.bytes)
}

/// Whether a file has lines, as far as its kind says.
pub fn has_lines(side: &Content) -> bool {
    matches!(side.kind, FileKind::File | FileKind::Executable)
}

async fn put(workspace: &Path, path: &Path, from: Option<String>, to: Option<Content>) -> Result<(), ChangeError> {
    let (workspace, path): (PathBuf, PathBuf) = (workspace.to_owned(), path.to_owned());
    let put = spawn_blocking(move || files::put(&workspace, &path, from.as_deref(), to.as_ref()));
    put.await.expect("writing doesn't panic")
}

/// Keeps both states of a file under a ref of its own.
async fn keep(
    git: &Git,
    data: &Path,
    path: &Path,
    (was, left): (Option<&Content>, Option<&Content>),
) -> Result<u32, CodeError> {
    let head = git.find("HEAD^{commit}").await?;
    let index = data.join("discard.index");
    kept::fill(git, &index, head.as_deref(), &[]).await?;
    let tree = tree_with(git, &index, path, left).await?;
    let left = kept::commit(git, &tree, head.as_deref(), MESSAGE, &[]).await?;
    let tree = tree_with(git, &index, path, was).await?;
    let was = kept::commit(git, &tree, Some(left.as_str()), MESSAGE, &[]).await?;
    kept::keep(git, KEPT, &was).await
}

/// Puts a file into an index, or out of it, and writes that as a tree.
pub async fn tree_with(git: &Git, index: &Path, path: &Path, side: Option<&Content>) -> Result<String, CodeError> {
    put_entry(git, Some(index), path, side).await?;
    Ok(text(&git.ask().index(index).bytes(&["write-tree"]).await?))
}

/// Puts a file into an index, or out of it: one of the daemon's own, or the repository's.
pub async fn put_entry(git: &Git, index: Option<&Path>, path: &Path, side: Option<&Content>) -> Result<(), CodeError> {
    let ask = || index.map_or_else(|| git.ask(), |index| git.ask().index(index));
    let name = path.as_os_str().as_bytes();
    if let Some(Content { kind, bytes }) = side {
        let id = text(&git.ask().input(bytes.clone()).bytes(&["hash-object", "-w", "--stdin"]).await?);
        let mode = if *kind == FileKind::Executable { "100755" } else { "100644" };
        let entry = [format!("{mode} {id}\t").as_bytes(), name, b"\0"].concat();
        ask().input(entry).bytes(&["update-index", "--add", "--replace", "-z", "--index-info"]).await?;
    } else {
        let gone = records::with_nul([path].into_iter());
        ask().input(gone).bytes(&["update-index", "--force-remove", "-z", "--stdin"]).await?;
    }
    Ok(())
}

/// A text with lines of an older one in the place of some of its own; none where either doesn't have such lines, or they
/// aren't in their order. A line gets an end where another one follows that it didn't have before.
pub fn spliced(old: &[u8], new: &[u8], spans: &[LineSpan]) -> Option<Vec<u8>> {
    let (old, new) = (lines(old), lines(new));
    let mut pieces: Vec<&[u8]> = Vec::with_capacity(new.len());
    let (mut at, mut done) = (0, 0);
    for span in spans {
        let range = |(begin, end): (u32, u32)| begin as usize..end as usize;
        let (from, place) = (range(span.old), range(span.new));
        if from.start < done {
            return None;
        }
        done = from.end;
        pieces.extend(new.get(at..place.start)?);
        pieces.extend(old.get(from)?);
        at = place.end;
        new.get(place)?;
    }
    pieces.extend(new.get(at..)?);
    let mut text = Vec::with_capacity(pieces.iter().map(|piece| piece.len() + 2).sum());
    for (place, piece) in pieces.iter().enumerate() {
        text.extend_from_slice(piece);
        if place + 1 < pieces.len() && !piece.ends_with(b"\n") {
            let is_crlf = place > 0 && pieces[place - 1].ends_with(b"\r\n");
            text.extend_from_slice(if is_crlf { b"\r\n" } else { b"\n" });
        }
    }
    Some(text)
}

/// The lines of a text, each with its end.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(old: &str, new: &str, spans: &[[u32; 4]]) -> Option<String> {
        let spans: Vec<_> = spans.iter().map(|[a, b, c, d]| LineSpan { old: (*a, *b), new: (*c, *d) }).collect();
        spliced(old.as_bytes(), new.as_bytes(), &spans).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn lines_take_the_place_of_others() {
        let (old, new) = ("a\nb\nc\nd\n", "a\nB\nX\nc\n");
        assert_eq!(told(old, new, &[[1, 2, 1, 3], [3, 4, 4, 4]]).as_deref(), Some(old));
        assert_eq!(told(old, new, &[[1, 1, 2, 3]]).as_deref(), Some("a\nB\nc\n"));
        assert_eq!(told(old, new, &[[3, 4, 4, 4]]).as_deref(), Some("a\nB\nX\nc\nd\n"));
        assert_eq!(told(old, "", &[[1, 3, 0, 0]]).as_deref(), Some("b\nc\n"));
        assert_eq!(told("", new, &[[0, 0, 0, 4]]).as_deref(), Some(""));
    }

    #[test]
    fn ends_of_lines_stay_what_they_are_and_no_two_lines_become_one() {
        assert_eq!(told("a\r\nb\r\n", "a\r\nx\n", &[[1, 2, 1, 2]]).as_deref(), Some("a\r\nb\r\n"));
        assert_eq!(told("a\nb", "a\nb\n", &[[1, 2, 1, 2]]).as_deref(), Some("a\nb"));
        assert_eq!(told("a\nb", "a\nc\nd\n", &[[1, 2, 1, 1]]).as_deref(), Some("a\nb\nc\nd\n"));
        assert_eq!(told("a\r\nb\r\n", "a\r\nx", &[[1, 2, 2, 2]]).as_deref(), Some("a\r\nx\r\nb\r\n"));
    }

    #[test]
    fn lines_that_arent_there_or_in_order_are_none() {
        for spans in
            [&[[0, 3, 0, 1]][..], &[[0, 1, 1, 4]], &[[1, 0, 0, 1]], &[[0, 1, 1, 0]], &[[0, 0, 1, 2], [0, 0, 0, 1]]]
        {
            assert_eq!(told("a\nb\n", "a\nb\nc\n", spans), None, "{spans:?}");
        }
    }
}
