//! Files as they are now, and as a commit or a tree has them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use octobot_wire::code::FileKind;
use octobot_wire::daemon::MAX_CONTENT;
use tokio::task::spawn_blocking;

use crate::files::{self, Content, FileError, is_straight};
use crate::git::CodeError;
use crate::git::changes::kind_of_mode;
use crate::git::command::Git;
use crate::git::records::NotUnderstood;

/// An entry of a tree, as `git ls-tree -l` tells it.
#[derive(Debug, PartialEq, Eq)]
struct TreeEntry<'a> {
    kind: FileKind,
    id: &'a str,
    bytes: u64,
}

/// A file as it is now.
pub async fn now(workspace: &Path, path: PathBuf) -> Result<Content, CodeError> {
    let workspace = workspace.to_owned();
    let read = spawn_blocking(move || files::read(&workspace, &path));
    Ok(read.await.expect("reading doesn't panic")?)
}

/// A file of a tree or a commit, which `tree` is the id of.
pub async fn read(git: &Git, tree: &str, path: &Path) -> Result<Content, CodeError> {
    let not_found = || FileError::NotFound(path.to_owned());
    if !is_straight(path) {
        return Err(not_found().into());
    }
    let arguments = ["ls-tree", "-l", "-z", "--full-tree", tree, "--"].map(OsStr::new);
    let arguments: Vec<&OsStr> = arguments.into_iter().chain([path.as_os_str()]).collect();
    let printed = git.ask().bytes(&arguments).await?;
    if printed.is_empty() {
        return Err(not_found().into());
    }
    of_entry(git, entry(&printed)?, path).await
}

/// A file as it is staged.
pub async fn staged(git: &Git, path: &Path) -> Result<Content, CodeError> {
    let not_found = || FileError::NotFound(path.to_owned());
    if !is_straight(path) {
        return Err(not_found().into());
    }
    let arguments = ["ls-files", "--stage", "-z", "--full-name", "--"].map(OsStr::new);
    let arguments: Vec<&OsStr> = arguments.into_iter().chain([path.as_os_str()]).collect();
    let printed = git.ask().bytes(&arguments).await?;
    let Some((mode, id)) = staged_entry(&printed, path)? else { return Err(not_found().into()) };
    let kind = kind_of_mode(mode);
    let bytes = if kind == FileKind::Submodule {
        0
    } else {
        let printed = git.ask().bytes(&["cat-file", "-s", id]).await?;
        String::from_utf8_lossy(&printed).trim().parse().map_err(|_| NotUnderstood)?
    };
    of_entry(git, TreeEntry { kind, id, bytes }, path).await
}

async fn of_entry(git: &Git, entry: TreeEntry<'_>, path: &Path) -> Result<Content, CodeError> {
    let TreeEntry { kind, id, bytes } = entry;
    match kind {
        FileKind::Folder | FileKind::Special => Err(FileError::NotRegular(path.to_owned()).into()),
        FileKind::Submodule => Ok(Content { kind, bytes: id.as_bytes().to_vec() }),
        FileKind::File | FileKind::Executable | FileKind::Link if bytes > MAX_CONTENT => {
            Err(FileError::TooLarge { path: path.to_owned(), bytes }.into())
        }
        FileKind::File | FileKind::Executable | FileKind::Link => {
            let arguments: [OsString; 3] = ["cat-file".into(), "blob".into(), id.into()];
            Ok(Content { kind, bytes: git.ask().bytes(&arguments).await? })
        }
    }
}

/// Reads `mode id stage TAB path` of the file's one state; of one in conflict there is none.
fn staged_entry<'a>(printed: &'a [u8], path: &Path) -> Result<Option<(u32, &'a str)>, NotUnderstood> {
    for record in printed.split(|byte| *byte == 0).filter(|record| !record.is_empty()) {
        let tab = record.iter().position(|byte| *byte == b'\t').ok_or(NotUnderstood)?;
        if &record[tab + 1..] != path.as_os_str().as_bytes() {
            continue;
        }
        let facts = std::str::from_utf8(&record[..tab]).map_err(|_| NotUnderstood)?;
        let mut facts = facts.split_ascii_whitespace();
        let mut next = || facts.next().ok_or(NotUnderstood);
        let (mode, id, stage) = (next()?, next()?, next()?);
        let mode = u32::from_str_radix(mode, 8).map_err(|_| NotUnderstood)?;
        return Ok((stage == "0").then_some((mode, id)));
    }
    Ok(None)
}

/// Reads `mode type id size TAB path`.
fn entry(printed: &[u8]) -> Result<TreeEntry<'_>, NotUnderstood> {
    let facts = printed.split(|byte| *byte == b'\t').next().and_then(|facts| std::str::from_utf8(facts).ok());
    let mut facts = facts.ok_or(NotUnderstood)?.split_ascii_whitespace();
    let mut next = || facts.next().ok_or(NotUnderstood);
    let (mode, _type, id, bytes) = (next()?, next()?, next()?, next()?);
    let mode = u32::from_str_radix(mode, 8).map_err(|_| NotUnderstood)?;
    // Only files have a size.
    let bytes = if bytes == "-" { 0 } else { bytes.parse().map_err(|_| NotUnderstood)? };
    Ok(TreeEntry { kind: kind_of_mode(mode), id, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_tells_what_it_is_and_how_large() {
        let told = |kind, id, bytes| Ok(TreeEntry { kind, id, bytes });
        assert_eq!(entry(b"100755 blob aa      12\ta b\n\0"), told(FileKind::Executable, "aa", 12));
        assert_eq!(entry(b"040000 tree bb       -\tc\0"), told(FileKind::Folder, "bb", 0));
        assert_eq!(entry(b"160000 commit cc       -\td\0"), told(FileKind::Submodule, "cc", 0));
        assert_eq!(entry(b"what"), Err(NotUnderstood));
    }

    #[test]
    fn a_staged_entry_is_that_of_the_path_and_none_of_a_conflict() {
        let told = |printed: &'static [u8], path: &str| staged_entry(printed, Path::new(path));
        let printed = b"100644 aa 0\ta/b\x00100755 bb 0\ta b\x00100644 cc 2\tc\x00100644 dd 3\tc\0";
        assert_eq!(told(printed, "a b"), Ok(Some((0o100_755, "bb"))));
        assert_eq!((told(printed, "a"), told(printed, "c"), told(b"", "a")), (Ok(None), Ok(None), Ok(None)));
        assert_eq!((told(b"what", "a"), told(b"1\ta\0", "a")), (Err(NotUnderstood), Err(NotUnderstood)));
    }
}
