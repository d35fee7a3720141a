//! What a sandbox takes along from the host: system directories, a few files of `/etc`, devices, its own folders.
//!
//! Packing happens in the new mount namespace, but still as the server's user, who may reach folders that the
//! sandbox's user can't. Each tree is a detached copy of a mount with its final attributes: after that no path of the
//! host is looked up again. What isn't packed isn't there: this is the list of all that a sandbox sees.

mod etc;

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::mount::OpenTreeFlags;

use super::folder::SessionFolder;
use super::protocol::{Plan, SetupError, Step};
use super::sys;
use crate::sandbox::network::{CA_BUNDLE, JAVA_STORE, STORES};

/// Where the agent binary is inside.
pub(super) const AGENT: &str = "/.octobot/octobot-agent";

/// Where the sandbox's user lives.
pub(super) const HOME: &str = "/home/octobot";

/// Directories of programs and libraries. Some are links on most hosts, and then they are inside.
const SYSTEM: [&str; 9] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix"];

/// Devices that do no harm.
const DEVICES: [&str; 6] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];

/// Something to be placed into the new root.
#[derive(Debug)]
pub(super) struct Item {
    /// Its absolute path inside.
    pub at: PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// What an [`Item`] is.
#[derive(Debug)]
pub(super) enum Kind {
    /// A detached mount of a directory.
    Folder(OwnedFd),
    /// A detached mount of a file.
    File(OwnedFd),
    /// A symbolic link.
    Link(PathBuf),
    /// A small file with this content.
    Text(Vec<u8>),
}

/// The attributes of a mount, from weakest to strongest.
#[derive(Debug, Clone, Copy)]
enum Use {
    /// Device nodes work.
    Devices,
    /// The sandbox writes there.
    Write,
    /// Nobody writes there.
    Read,
}

impl Use {
    fn attributes(self) -> u64 {
        match self {
            Self::Devices => libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC,
            Self::Write => libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV,
            Self::Read => libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_RDONLY,
        }
    }
}

/// Packs everything. The order is that in which it is to be placed.
pub(super) fn pack(plan: &Plan, own_folders: bool) -> Result<Vec<Item>, SetupError> {
    let mut items = Vec::new();
    for path in SYSTEM.map(Path::new) {
        items.extend(system(path)?);
    }
    items.extend(etc::pack()?);
    for path in DEVICES.map(Path::new) {
        items.push(tree(path, path, Use::Devices)?);
    }
    items.push(tree(&plan.agent, Path::new(AGENT), Use::Read)?);
    for path in plan.tool_dirs.iter().filter(|path| path.is_dir()) {
        items.push(tree(path, path, Use::Read)?);
    }
    if own_folders {
        let folder = SessionFolder::at(plan.folder.clone());
        items.extend(trust(&folder)?);
        items.push(tree(&folder.home(), Path::new(HOME), Use::Write)?);
        items.push(tree(&folder.events(), Path::new("/.data/events"), Use::Write)?);
        items.push(tree(&folder.run(), Path::new("/.data/run"), Use::Write)?);
    }
    Ok(items)
}

/// The certificates that programs trust, where they are told to look for them and where they look by themselves.
fn trust(folder: &SessionFolder) -> Result<Vec<Item>, SetupError> {
    let mut items = Vec::new();
    let mut show = |from: &Path, at: &Path| -> Result<(), SetupError> {
        items.push(tree(from, at, Use::Read)?);
        Ok(())
    };
    show(&folder.ca_bundle(), Path::new(CA_BUNDLE))?;
    show(&folder.java_store(), Path::new(JAVA_STORE))?;
    let mut stores: Vec<_> = STORES.iter().filter_map(|store| fs::canonicalize(store).ok()).collect();
    stores.dedup();
    for store in stores {
        show(&folder.ca_bundle(), &store)?;
    }
    Ok(items)
}

/// A system directory as it is on the host: a directory, a link, or not there.
fn system(path: &Path) -> Result<Option<Item>, SetupError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => {
            let to = fs::read_link(path).map_err(SetupError::about(Step::Grab, path.display()))?;
            Ok(Some(Item { at: path.to_owned(), kind: Kind::Link(to) }))
        }
        Ok(metadata) if metadata.is_dir() => tree(path, path, Use::Read).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SetupError::about(Step::Grab, path.display())(error)),
    }
}

/// Copies the mount of a directory or file, with all that is mounted beneath it.
fn tree(from: &Path, at: &Path, use_: Use) -> Result<Item, SetupError> {
    let grab = || -> io::Result<Kind> {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
        let mount = rustix::mount::open_tree(CWD, from, flags)?;
        sys::add_mount_attributes(mount.as_fd(), use_.attributes(), true)?;
        Ok(if from.is_dir() { Kind::Folder(mount) } else { Kind::File(mount) })
    };
    let kind = grab().map_err(SetupError::about(Step::Grab, from.display()))?;
    Ok(Item { at: at.to_owned(), kind })
}
