//! What is at a path beneath a folder, and changing that. No link is ever followed, so nothing leads out of the folder.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

use octobot_wire::path::{to_bytes, to_text};
use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, OFlags, RenameFlags, ResolveFlags, Stat, Uid, fchmod, fchown, mkdirat, openat,
    openat2, readlinkat, renameat, renameat_with, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What is at a path, as far as it can be kept and put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(super) enum Thing {
    /// Nothing.
    Nothing,
    /// A regular file.
    File {
        /// Of its bytes, in hexadecimal.
        digest: String,
        /// Its permissions.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// Where it leads, as text for a path.
        to: String,
    },
}

impl Thing {
    /// Whether both are the same but for permissions that git doesn't know.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File { digest, mode }, Self::File { digest: others, mode: other }) => {
                digest == others && is_executable(*mode) == is_executable(*other)
            }
            (one, other) => one == other,
        }
    }
}

/// What is at a path.
#[derive(Debug)]
pub(super) enum Seen {
    /// A thing that can be kept, and what tells it from another one at the same place.
    Thing(Thing, Option<Identity>),
    /// A folder.
    Folder,
    /// A pipe, a socket or a device.
    Special,
}

/// Tells a file from another one by the same name, and from itself after a change: its device and number, its length, and when it and
/// what is known of it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity([i128; 7]);

/// The permissions that a file gets.
#[derive(Debug, Clone, Copy)]
pub(super) enum Permissions {
    /// These.
    Exactly(u32),
    /// What the system gives new files.
    Fresh {
        /// Whether it can be executed.
        is_executable: bool,
    },
}

/// A folder.
#[derive(Debug)]
pub(super) struct Root(OwnedFd);

// === impl Root ===

impl Root {
    /// Opens it.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self(openat(CWD, folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?))
    }

    /// Looks at a path. Behind what is no folder there is nothing.
    pub(super) fn look(&self, path: &Path) -> io::Result<Seen> {
        let Some((folder, name)) = self.place(path)? else { return Ok(Seen::Thing(Thing::Nothing, None)) };
        let stat = match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(Seen::Thing(Thing::Nothing, None)),
            stat => stat?,
        };
        let thing = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {
                let digest = digest(&mut open_file(&folder, name)?)?;
                Thing::File { digest, mode: stat.st_mode & 0o7777 }
            }
            FileType::Symlink => {
                Thing::Link { to: to_text(readlinkat(&folder, name, Vec::new()).map_err(io::Error::from)?.as_bytes()) }
            }
            FileType::Directory => return Ok(Seen::Folder),
            _ => return Ok(Seen::Special),
        };
        Ok(Seen::Thing(thing, Some(identity(&stat))))
    }

    /// Whether what is at a path is still what was seen there.
    pub(super) fn is_still(&self, path: &Path, seen: Option<Identity>) -> io::Result<bool> {
        let Some((folder, name)) = self.place(path)? else { return Ok(seen.is_none()) };
        match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(seen.is_none()),
            stat => Ok(Some(identity(&stat?)) == seen),
        }
    }

    /// What stands where a folder of the path would have to be.
    pub(super) fn in_the_way(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        let mut folders: Vec<_> = folders_of(path).collect();
        folders.reverse();
        for folder in folders {
            match self.look(folder)? {
                Seen::Folder => {}
                Seen::Thing(Thing::Nothing, _) => return Ok(None),
                Seen::Thing(..) | Seen::Special => return Ok(Some(folder.to_owned())),
            }
        }
        Ok(None)
    }

    /// The names in a folder.
    pub(super) fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let Some((folder, name)) = self.place(path)? else { return Ok(Vec::new()) };
        let entries = rustix::fs::Dir::new(openat(&folder, name, flags, Mode::empty())?)?;
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_owned();
            if name.as_bytes() != b"." && name.as_bytes() != b".." {
                names.push(OsString::from_vec(name.into_bytes()));
            }
        }
        Ok(names)
    }

    /// Whether a folder holds these files and folders of them, and nothing else.
    pub(super) fn holds_only(&self, folder: &Path, files: &BTreeSet<PathBuf>) -> io::Result<bool> {
        let names = self.names(folder)?;
        for name in &names {
            let path = folder.join(name);
            let is_one = match self.look(&path)? {
                Seen::Folder => self.holds_only(&path, files)?,
                Seen::Thing(..) | Seen::Special => files.contains(&path),
            };
            if !is_one {
                return Ok(false);
            }
        }
        Ok(!names.is_empty())
    }

    /// Copies a file out.
    pub(super) fn copy_out(&self, path: &Path, to: &Path) -> io::Result<()> {
        let (folder, name) = self.place(path)?.ok_or(Errno::NOENT)?;
        let mut out = File::create_new(to)?;
        io::copy(&mut open_file(&folder, name)?, &mut out)?;
        out.sync_all()
    }

    /// Removes a file or a link, and tells whether it was there.
    pub(super) fn remove(&self, path: &Path) -> io::Result<bool> {
        let Some((folder, name)) = self.place(path)? else { return Ok(false) };
        match unlinkat(&folder, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(false),
            removed => Ok(removed.map(|()| true)?),
        }
    }

    /// Removes a folder with nothing in it, and tells whether it was one.
    pub(super) fn remove_folder(&self, path: &Path) -> io::Result<bool> {
        let Some((folder, name)) = self.place(path)? else { return Ok(false) };
        match unlinkat(&folder, name, AtFlags::REMOVEDIR) {
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOENT | Errno::NOTDIR) => Ok(false),
            removed => Ok(removed.map(|()| true)?),
        }
    }

    /// Makes the folders that a path needs.
    pub(super) fn make_folders(&self, path: &Path) -> io::Result<()> {
        let mut folders: Vec<_> = folders_of(path).collect();
        folders.reverse();
        for folder in folders {
            let (parent, name) = self.place(folder)?.ok_or(Errno::NOTDIR)?;
            match mkdirat(&parent, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Puts a file or a link where `path` says, by way of one called `part` beside it. Where there was nothing before, there must be
    /// nothing now.
    pub(super) fn put(&self, path: &Path, part: &OsStr, new: New<'_>, replaces: bool) -> io::Result<()> {
        let (folder, name) = self.place(path)?.ok_or(Errno::NOENT)?;
        match new {
            New::File { from, permissions } => {
                let owner = replaces.then(|| statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)).transpose()?;
                write_part(&folder, part, from, permissions, owner.as_ref())?;
            }
            New::Link { to } => symlinkat(to, &folder, part)?,
        }
        let moved = if replaces {
            renameat(&folder, part, &folder, name)
        } else {
            match renameat_with(&folder, part, &folder, name, RenameFlags::NOREPLACE) {
                // A file system that doesn't know it.
                Err(Errno::INVAL | Errno::NOSYS) => renameat(&folder, part, &folder, name),
                moved => moved,
            }
        };
        Ok(moved?)
    }

    /// The folder that something is in, and its name there; none where a folder of the path is missing, or is something else.
    fn place<'a>(&self, path: &'a Path) -> io::Result<Option<(OwnedFd, &'a OsStr)>> {
        let mut components = path.components();
        let Some(Component::Normal(name)) = components.next_back() else { return Err(Errno::INVAL.into()) };
        let folder = components.as_path();
        if folder.as_os_str().is_empty() {
            return Ok(Some((self.0.as_fd().try_clone_to_owned()?, name)));
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let opened = match openat2(&self.0, folder, flags, Mode::empty(), resolve) {
            // Kernels before 5.6, and filters that don't know the call.
            Err(Errno::NOSYS | Errno::PERM) => self.walk(folder, flags),
            opened => opened,
        };
        match opened {
            Ok(folder) => Ok(Some((folder, name))),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a folder without the kernel's help: from one to the next.
    fn walk(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let mut folder = self.0.as_fd().try_clone_to_owned().map_err(|_| Errno::MFILE)?;
        for component in path.components() {
            let Component::Normal(name) = component else { return Err(Errno::XDEV) };
            folder = openat(&folder, name, flags, Mode::empty())?;
        }
        Ok(folder)
    }
}

/// What is put somewhere.
#[derive(Debug, Clone, Copy)]
pub(super) enum New<'a> {
    /// A copy of a file.
    File {
        /// The file, of the server's own.
        from: &'a Path,
        /// Its permissions.
        permissions: Permissions,
    },
    /// A link.
    Link {
        /// Where it leads.
        to: &'a OsStr,
    },
}

/// The folders that a path goes through, inner ones first.
pub(super) fn folders_of(path: &Path) -> impl Iterator<Item = &Path> {
    path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty())
}

/// Where the link leads that a text of [`Thing::Link`] is of.
pub(super) fn target(text: &str) -> OsString {
    OsString::from_vec(to_bytes(text))
}

/// Whether its owner may execute a file with these permissions.
pub(super) fn is_executable(mode: u32) -> bool {
    mode & 0o100 != 0
}

/// The digest of all bytes.
pub(super) fn digest(file: &mut File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(hexadecimal(&hasher.finalize()));
        }
        hasher.update(&buffer[..length]);
    }
}

/// Bytes as text.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        use std::fmt::Write as _;
        write!(text, "{byte:02x}").expect("writing to a string can't fail");
        text
    })
}

/// Opens a regular file, and nothing that has come into its place.
fn open_file(folder: impl AsFd, name: &OsStr) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(folder, name, flags, Mode::empty())?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(Errno::INVAL.into()) }
}

/// Opens a file of the server's own that came out of a sandbox. A link there leads nowhere.
pub(super) fn open_own(path: &Path) -> io::Result<File> {
    open_file(CWD, path.as_os_str())
}

fn write_part(
    folder: &OwnedFd,
    part: &OsStr,
    from: &Path,
    permissions: Permissions,
    replaced: Option<&Stat>,
) -> io::Result<()> {
    let fresh = match permissions {
        Permissions::Fresh { is_executable: true } => 0o777,
        Permissions::Fresh { is_executable: false } => 0o666,
        Permissions::Exactly(_) => 0o600,
    };
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(folder, part, flags, Mode::from_raw_mode(fresh))?);
    io::copy(&mut open_own(from)?, &mut file)?;
    if let Some(replaced) = replaced {
        keep_owner(&file, replaced)?;
    }
    if let Permissions::Exactly(mode) = permissions {
        fchmod(&file, Mode::from_raw_mode(mode))?;
    }
    file.flush()?;
    file.sync_all()
}

/// Gives a file to whom the one belongs that it replaces. Only the system's administrator may give files away.
fn keep_owner(file: &File, replaced: &Stat) -> io::Result<()> {
    match fchown(file, Some(Uid::from_raw(replaced.st_uid)), Some(Gid::from_raw(replaced.st_gid))) {
        Ok(()) | Err(Errno::PERM) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn identity(stat: &Stat) -> Identity {
    Identity([
        stat.st_dev.into(),
        stat.st_ino.into(),
        stat.st_size.into(),
        stat.st_mtime.into(),
        stat.st_mtime_nsec.into(),
        stat.st_ctime.into(),
        stat.st_ctime_nsec.into(),
    ])
}
