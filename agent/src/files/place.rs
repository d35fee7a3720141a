//! Where something stands, or is to stand: a folder that is held open, and a name in it. Whatever is moved on the way to it
//! meanwhile, what is done there is done in that folder.

use std::ffi::OsString;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;

use super::{FileError, failed, is_straight};
use crate::beneath::{self, Links};

/// See the module.
#[derive(Debug)]
pub(super) struct Place {
    /// The folder.
    pub folder: OwnedFd,
    /// The name.
    pub name: OsString,
}

impl Place {
    /// The place of a path. No link is followed, and git's own folder isn't anybody's to change.
    pub(super) fn of(workspace: &Path, path: &Path) -> Result<Self, FileError> {
        let not_found = || FileError::NotFound(path.to_owned());
        if !is_straight(path) || path.starts_with(".git") {
            return Err(not_found());
        }
        let name = path.file_name().ok_or_else(not_found)?.to_owned();
        let root = beneath::root(workspace).map_err(failed(path))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = match parent {
            Some(parent) => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                beneath::open(&root, parent, flags, Links::None).map_err(failed(parent))?
            }
            None => root,
        };
        Ok(Self { folder, name })
    }

    /// What is there; a link itself.
    pub(super) fn look(&self) -> Result<Option<Stat>, Errno> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(&self.folder, &self.name, flags, Mode::empty()) {
            Ok(found) => fstat(&found).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The path of what is behind the links of a path. Links that lead out of the workspace lead nowhere.
pub fn behind_links(workspace: &Path, path: &Path) -> Result<PathBuf, FileError> {
    if !is_straight(path) {
        return Err(FileError::NotFound(path.to_owned()));
    }
    let root = beneath::root(workspace).map_err(failed(path))?;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let found = beneath::open(&root, path, flags, Links::Inside).map_err(failed(path))?;
    let named = |of: &OwnedFd| std::fs::read_link(format!("/proc/self/fd/{}", of.as_raw_fd()));
    let io = |source| FileError::Io { path: path.to_owned(), source };
    let (root, found) = (named(&root).map_err(io)?, named(&found).map_err(io)?);
    let inside = found.strip_prefix(&root).map_err(|_| FileError::NotFound(path.to_owned()))?;
    Ok(inside.to_owned())
}
