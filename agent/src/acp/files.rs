//! Reading and writing text files for an agent, beneath the workspace and nowhere else, whatever links are there.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use agent_client_protocol_schema::v1 as acp;
use rustix::fs::{Mode, OFlags, mkdirat};
use rustix::io::Errno;

use crate::beneath::{self, Links};

/// A larger file isn't read or written: it would have to be held in memory several times.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Why a file isn't read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It isn't in the workspace, or a link leads out of it.
    #[error("{} is outside the workspace", .0.display())]
    Outside(PathBuf),
    /// It is a folder, a device or a pipe.
    #[error("{} isn't a regular file", .0.display())]
    NotRegular(PathBuf),
    /// It is too large.
    #[error("{} is larger than {} MiB", .0.display(), MAX_FILE / 1024 / 1024)]
    TooLarge(PathBuf),
    /// It can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl From<FileError> for acp::Error {
    fn from(error: FileError) -> Self {
        match &error {
            FileError::Io { path, source } if source.kind() == io::ErrorKind::NotFound => {
                Self::resource_not_found(Some(path.to_string_lossy().into_owned()))
            }
            FileError::Io { .. } => Self::internal_error().data(error.to_string()),
            _ => Self::invalid_params().data(error.to_string()),
        }
    }
}

/// Reads a file, or some lines of it.
pub fn read(workspace: &Path, request: &acp::ReadTextFileRequest) -> Result<String, FileError> {
    let path = &request.path;
    let failed = |source: io::Error| FileError::Io { path: path.clone(), source };
    // A pipe that nobody writes to would hold everything up.
    let file = File::from(open(workspace, path, OFlags::RDONLY | OFlags::NONBLOCK)?);
    check(&file, path)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(FileError::TooLarge(path.clone()));
    }
    let text = String::from_utf8_lossy(&bytes);
    if request.line.is_none() && request.limit.is_none() {
        return Ok(text.into_owned());
    }
    let skipped = request.line.unwrap_or(1).saturating_sub(1) as usize;
    let limit = request.limit.map_or(usize::MAX, |limit| limit as usize);
    Ok(text.split_inclusive('\n').skip(skipped).take(limit).collect())
}

/// Writes a file, and makes the folders that it needs.
pub fn write(workspace: &Path, request: &acp::WriteTextFileRequest) -> Result<(), FileError> {
    let path = &request.path;
    let failed = |source: io::Error| FileError::Io { path: path.clone(), source };
    if request.content.len() as u64 > MAX_FILE {
        return Err(FileError::TooLarge(path.clone()));
    }
    make_folders(workspace, path)?;
    // What is there may be a pipe, which must not be emptied or waited for.
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NONBLOCK;
    let mut file = File::from(open(workspace, path, flags)?);
    check(&file, path)?;
    file.set_len(0).map_err(failed)?;
    file.write_all(request.content.as_bytes()).map_err(failed)
}

fn check(file: &File, path: &Path) -> Result<(), FileError> {
    let metadata = file.metadata().map_err(|source| FileError::Io { path: path.to_owned(), source })?;
    if !metadata.is_file() {
        return Err(FileError::NotRegular(path.to_owned()));
    }
    if metadata.len() > MAX_FILE { Err(FileError::TooLarge(path.to_owned())) } else { Ok(()) }
}

/// The path relative to the workspace. Agents give absolute ones, some of them with all links resolved.
fn relative<'a>(workspace: &Path, path: &'a Path) -> Result<&'a Path, FileError> {
    let resolved = || path.strip_prefix(workspace.canonicalize().ok()?).ok();
    let rest = if path.is_absolute() { path.strip_prefix(workspace).ok().or_else(resolved) } else { Some(path) };
    rest.filter(|rest| !rest.as_os_str().is_empty()).ok_or_else(|| FileError::Outside(path.to_owned()))
}

fn open(workspace: &Path, path: &Path, flags: OFlags) -> Result<OwnedFd, FileError> {
    let failed = |errno: Errno| match errno {
        Errno::XDEV | Errno::LOOP => FileError::Outside(path.to_owned()),
        Errno::ISDIR | Errno::NXIO => FileError::NotRegular(path.to_owned()),
        errno => FileError::Io { path: path.to_owned(), source: errno.into() },
    };
    let relative = relative(workspace, path)?;
    let root = beneath::root(workspace).map_err(failed)?;
    beneath::open(&root, relative, flags | OFlags::CLOEXEC, Links::Inside).map_err(failed)
}

fn make_folders(workspace: &Path, path: &Path) -> Result<(), FileError> {
    let failed = |errno: Errno| FileError::Io { path: path.to_owned(), source: errno.into() };
    let Some(parent) = relative(workspace, path)?.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut made = workspace.to_owned();
    for component in parent.components() {
        let folder = if made == workspace {
            beneath::root(workspace).map_err(failed)?
        } else {
            open(workspace, &made, OFlags::PATH | OFlags::DIRECTORY)?
        };
        let Component::Normal(name) = component else { return Err(FileError::Outside(path.to_owned())) };
        match mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => made.push(name),
            Err(errno) => return Err(failed(errno)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    fn workspace() -> (TempDir, PathBuf) {
        let folder = TempDir::new().unwrap();
        let workspace = folder.path().join("workspace");
        std::fs::create_dir(&workspace).unwrap();
        std::fs::write(folder.path().join("secret"), "secret").unwrap();
        (folder, workspace)
    }

    fn read_request(path: PathBuf) -> acp::ReadTextFileRequest {
        acp::ReadTextFileRequest::new("t", path)
    }

    fn write_request(path: PathBuf) -> acp::WriteTextFileRequest {
        acp::WriteTextFileRequest::new("t", path, "new")
    }

    #[test]
    fn files_in_the_workspace_are_written_and_read() {
        let (_folder, workspace) = workspace();
        let path = workspace.join("a/b/c.txt");
        write(&workspace, &write_request(path.clone())).unwrap();
        assert_eq!(read(&workspace, &read_request(path.clone())).unwrap(), "new");
        std::fs::write(&path, "1\n2\n3\n4").unwrap();
        assert_eq!(read(&workspace, &read_request(path).line(2).limit(2)).unwrap(), "2\n3\n");
    }

    #[test]
    fn a_link_within_the_workspace_is_followed() {
        let (_folder, workspace) = workspace();
        std::fs::write(workspace.join("a"), "a").unwrap();
        symlink("a", workspace.join("link")).unwrap();
        assert_eq!(read(&workspace, &read_request(workspace.join("link"))).unwrap(), "a");
    }

    #[test]
    fn a_workspace_behind_a_link_has_two_names() {
        let (folder, workspace) = workspace();
        let link = folder.path().join("link");
        symlink(&workspace, &link).unwrap();
        write(&link, &write_request(workspace.join("a"))).unwrap();
        assert_eq!(read(&link, &read_request(link.join("a"))).unwrap(), "new");
    }

    #[test]
    fn nothing_outside_the_workspace_is_read_or_written() {
        let (folder, workspace) = workspace();
        symlink(folder.path(), workspace.join("folder")).unwrap();
        symlink(folder.path().join("secret"), workspace.join("file")).unwrap();
        symlink("../secret", workspace.join("relative")).unwrap();
        symlink(folder.path().join("made"), workspace.join("dangling")).unwrap();
        let outside =
            ["../secret", "folder/secret", "file", "relative", "dangling", "x/../../secret", "folder/new/a", ""];
        for path in outside.map(|path| workspace.join(path)).into_iter().chain([folder.path().join("secret")]) {
            assert!(read(&workspace, &read_request(path.clone())).is_err(), "{}", path.display());
            assert!(write(&workspace, &write_request(path.clone())).is_err(), "{}", path.display());
        }
        assert_eq!(std::fs::read_to_string(folder.path().join("secret")).unwrap(), "secret");
        assert!(!folder.path().join("made").exists() && !folder.path().join("new").exists());
    }

    #[test]
    fn pipes_and_folders_hold_nobody_up() {
        let (_folder, workspace) = workspace();
        let pipe = workspace.join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        for path in [pipe, workspace.join(".")] {
            assert!(read(&workspace, &read_request(path.clone())).is_err(), "{}", path.display());
            assert!(write(&workspace, &write_request(path.clone())).is_err(), "{}", path.display());
        }
    }
}
