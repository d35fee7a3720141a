//! Looking at the files of the workspace for people, and changing them: whatever links are there, nothing outside it.

mod changing;
mod place;
mod putting;
mod searching;
mod states;
mod trash;

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use octobot_wire::code::{FileKind, FolderEntry};
use octobot_wire::daemon::MAX_CONTENT;
use octobot_wire::path::to_text;
use rustix::fs::{Dir, FileType, Mode, OFlags, Stat, fstat};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use crate::beneath::{self, Links};

pub use changing::{ChangeError, Over, make_folder, rename, write};
pub use place::behind_links;
pub use putting::put;
pub use searching::{Pattern, search};
pub use states::States;
pub use trash::Trash;

/// So many entries of a folder are told.
const MOST_ENTRIES: usize = 5_000;

/// Why something isn't looked at.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is nothing, or nothing in the workspace.
    #[error("there is no {}", .0.display())]
    NotFound(PathBuf),
    /// It is a pipe, a socket, a device or a folder.
    #[error("{} isn't a regular file", .0.display())]
    NotRegular(PathBuf),
    /// It is too large.
    #[error("{} has {bytes} bytes; at most {MAX_CONTENT} are shown", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// It can't be read.
    #[error("{} can't be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// A file as it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Content {
    /// What it is.
    pub kind: FileKind,
    /// What is in it; of a link, where it leads.
    pub bytes: Vec<u8>,
}

/// Reads a file.
pub fn read(workspace: &Path, path: &Path) -> Result<Content, FileError> {
    let root = beneath::root(workspace).map_err(failed(path))?;
    let (found, stat) = look(&root, path)?;
    let kind = kind(&stat);
    match kind {
        FileKind::Link => Ok(Content { kind, bytes: link(&found, path)? }),
        FileKind::File | FileKind::Executable => {
            let bytes = u64::try_from(stat.st_size).unwrap_or_default();
            if bytes > MAX_CONTENT {
                return Err(FileError::TooLarge { path: path.to_owned(), bytes });
            }
            Ok(Content { kind, bytes: regular(&root, path)? })
        }
        FileKind::Folder | FileKind::Special | FileKind::Submodule => Err(FileError::NotRegular(path.to_owned())),
    }
}

/// What is in a folder, and how much more there is: folders first, each by name.
pub fn list(workspace: &Path, path: &Path) -> Result<(Vec<FolderEntry>, u64), FileError> {
    let root = beneath::root(workspace).map_err(failed(path))?;
    let place = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = beneath::open(&root, place, flags, Links::None).map_err(failed(path))?;
    let mut entries = Vec::new();
    for entry in Dir::read_from(&folder).map_err(failed(path))? {
        let entry = entry.map_err(failed(path))?;
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") || path.as_os_str().is_empty() && name == b".git" {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Directory => FileKind::Folder,
            FileType::Symlink => FileKind::Link,
            FileType::RegularFile => FileKind::File,
            _ => FileKind::Special,
        };
        entries.push(FolderEntry { name: to_text(name), kind, is_ignored: false });
    }
    entries.sort_unstable_by(|one, other| {
        (one.kind != FileKind::Folder, &one.name).cmp(&(other.kind != FileKind::Folder, &other.name))
    });
    let unlisted = entries.len().saturating_sub(MOST_ENTRIES);
    entries.truncate(MOST_ENTRIES);
    Ok((entries, unlisted as u64))
}

/// Finds something without opening it: a pipe would hold everything up, and a device may do anything.
fn look(root: &OwnedFd, path: &Path) -> Result<(OwnedFd, Stat), FileError> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let name = path.file_name().ok_or_else(|| FileError::NotFound(path.to_owned()))?;
    // A link is looked at itself, but none is followed on the way to it.
    let folder = match parent {
        Some(parent) => {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            Some(beneath::open(root, parent, flags, Links::None).map_err(failed(path))?)
        }
        None => None,
    };
    let found =
        rustix::fs::openat(folder.as_ref().unwrap_or(root), name, flags, Mode::empty()).map_err(failed(path))?;
    let stat = fstat(&found).map_err(failed(path))?;
    Ok((found, stat))
}

fn link(found: &OwnedFd, path: &Path) -> Result<Vec<u8>, FileError> {
    let target = rustix::fs::readlinkat(found, "", Vec::new()).map_err(failed(path))?;
    Ok(target.into_bytes())
}

fn regular(root: &OwnedFd, path: &Path) -> Result<Vec<u8>, FileError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(beneath::open(root, path, flags, Links::None).map_err(failed(path))?);
    let io = |source| FileError::Io { path: path.to_owned(), source };
    // Another file may stand there by now.
    if !file.metadata().map_err(io)?.is_file() {
        return Err(FileError::NotRegular(path.to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(MAX_CONTENT + 1).read_to_end(&mut bytes).map_err(io)?;
    let length = bytes.len() as u64;
    if length > MAX_CONTENT { Err(FileError::TooLarge { path: path.to_owned(), bytes: length }) } else { Ok(bytes) }
}

fn kind(stat: &Stat) -> FileKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile if stat.st_mode & 0o111 != 0 => FileKind::Executable,
        FileType::RegularFile => FileKind::File,
        FileType::Symlink => FileKind::Link,
        FileType::Directory => FileKind::Folder,
        _ => FileKind::Special,
    }
}

fn failed(path: &Path) -> impl Fn(Errno) -> FileError {
    move |errno| match errno {
        Errno::NOENT | Errno::NOTDIR | Errno::XDEV | Errno::LOOP => FileError::NotFound(path.to_owned()),
        Errno::ISDIR | Errno::NXIO => FileError::NotRegular(path.to_owned()),
        errno => FileError::Io { path: path.to_owned(), source: errno.into() },
    }
}

/// What tells one content of a file from another.
pub fn state_of(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::with_capacity(64), |mut state, byte| {
        write!(state, "{byte:02x}").expect("writing to a string can't fail");
        state
    })
}

/// A path of the workspace that a text stands for.
pub fn path_of(text: &str) -> PathBuf {
    std::ffi::OsString::from_vec(octobot_wire::path::to_bytes(text)).into()
}

/// Whether a path is one that git would have a file at: relative, and straight.
pub fn is_straight(path: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    !bytes.contains(&0) && bytes.split(|byte| *byte == b'/').all(|name| !matches!(name, b"" | b"." | b".."))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;

    fn workspace() -> (TempDir, PathBuf) {
        let folder = TempDir::new().unwrap();
        let workspace = folder.path().join("workspace");
        fs::create_dir_all(workspace.join("a/b")).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        fs::write(workspace.join("a/file"), "text").unwrap();
        (folder, workspace)
    }

    #[test]
    fn files_and_links_are_told_as_they_are() {
        let (_folder, workspace) = workspace();
        fs::set_permissions(workspace.join("a/file"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("/etc/passwd", workspace.join("link")).unwrap();
        let read = |path| read(&workspace, Path::new(path)).unwrap();
        assert_eq!(read("a/file"), Content { kind: FileKind::Executable, bytes: b"text".to_vec() });
        assert_eq!(read("link"), Content { kind: FileKind::Link, bytes: b"/etc/passwd".to_vec() });
    }

    #[test]
    fn nothing_outside_is_read_and_nothing_that_is_no_file() {
        let (folder, workspace) = workspace();
        symlink(folder.path(), workspace.join("out")).unwrap();
        symlink("a", workspace.join("in")).unwrap();
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, workspace.join("pipe"), fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let secret = folder.path().join("secret");
        for path in ["../secret", "out/secret", "in/file", "a/../../secret", "pipe", "a", "", ".", "..", "none"] {
            assert!(read(&workspace, Path::new(path)).is_err(), "{path}");
        }
        assert!(read(&workspace, &secret).is_err());
        for path in ["..", "out", "in", "a/file", "none", "/"] {
            assert!(list(&workspace, Path::new(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn a_sparse_file_of_gigabytes_is_refused_with_its_size() {
        let (_folder, workspace) = workspace();
        File::create(workspace.join("large")).unwrap().set_len(2 << 30).unwrap();
        let refused = read(&workspace, Path::new("large"));
        assert!(matches!(refused, Err(FileError::TooLarge { bytes, .. }) if bytes == 2 << 30), "{refused:?}");
    }

    #[test]
    fn a_folder_has_its_folders_first_and_not_gits_own() {
        let (_folder, workspace) = workspace();
        fs::create_dir(workspace.join(".git")).unwrap();
        fs::write(workspace.join(std::ffi::OsStr::from_bytes(b"\xff\n")), "").unwrap();
        let names = |path: &str| -> Vec<String> {
            let (entries, unlisted) = list(&workspace, Path::new(path)).unwrap();
            assert_eq!(unlisted, 0);
            entries.into_iter().map(|entry| entry.name).collect()
        };
        assert_eq!(names(""), ["a", "\u{10ffff}\n"]);
        assert_eq!(names("a"), ["b", "file"]);
    }

    #[test]
    fn only_straight_paths_are_git_s() {
        for path in ["a", "a/b", "-x", ".gitignore", "a b\n"] {
            assert!(is_straight(Path::new(path)), "{path}");
        }
        for path in ["", "/a", "a//b", "./a", "a/..", "a/", "a\0b"] {
            assert!(!is_straight(Path::new(path)), "{path}");
        }
    }
}
