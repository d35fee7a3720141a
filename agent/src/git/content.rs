//! Files as they are now, and as a commit or a tree has them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use octobot_wire::code::FileKind;
use octobot_wire::daemon::MAX_CONTENT;
use tokio::task::spawn_blocking;

use crate::files::{self, Content, FileError, is_straight};
use crate::git::changes::kind_of_mode;
use crate::git::command::Git;
use crate::git::{CodeError, NotUnderstood};

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
    let TreeEntry { kind, id, bytes } = entry(&printed)?;
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
}
