//! Opening what is beneath a folder, and nothing else, whatever links are there.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

/// Which links are followed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Those that don't lead out.
    Inside,
    /// None.
    None,
}

/// Opens the folder itself.
pub fn root(folder: &Path) -> Result<OwnedFd, Errno> {
    openat(CWD, folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Opens something beneath a folder. The kernel refuses links that lead out of it with `XDEV` or `LOOP`.
pub fn open(root: &OwnedFd, path: &Path, flags: OFlags, links: Links) -> Result<OwnedFd, Errno> {
    let mode = if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(0o666) } else { Mode::empty() };
    let mut resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    if links == Links::None {
        resolve |= ResolveFlags::NO_SYMLINKS;
    }
    match openat2(root, path, flags, mode, resolve) {
        // Kernels before 5.6, and filters of container engines that don't know the call.
        Err(Errno::NOSYS | Errno::PERM) => walk(root, path, flags, mode),
        opened => opened,
    }
}

/// The same without help from the kernel: no links at all.
fn walk(root: &OwnedFd, path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    let mut folder = root.as_fd().try_clone_to_owned().map_err(|_| Errno::MFILE)?;
    let mut components = path.components().peekable();
    while let Some(component) = components.next() {
        let name = match component {
            Component::Normal(name) => name,
            Component::CurDir => continue,
            _ => return Err(Errno::XDEV),
        };
        if components.peek().is_none() {
            return openat(&folder, name, flags | OFlags::NOFOLLOW, mode);
        }
        folder = openat(
            &folder,
            name,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
    }
    Err(Errno::ISDIR)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn without_the_kernels_help_no_link_is_followed() {
        let folder = TempDir::new().unwrap();
        let workspace = folder.path().join("workspace");
        std::fs::create_dir_all(workspace.join("a")).unwrap();
        std::fs::write(folder.path().join("secret"), "secret").unwrap();
        std::fs::write(workspace.join("a/b"), "b").unwrap();
        symlink(folder.path(), workspace.join("out")).unwrap();
        let root = OwnedFd::from(File::open(&workspace).unwrap());
        let opened = |path: &str| walk(&root, Path::new(path), OFlags::RDONLY, Mode::empty());
        assert!(opened("a/./b").is_ok());
        for path in ["out/secret", "out", "../secret", "a/../../secret", "."] {
            assert!(opened(path).is_err(), "{path}");
        }
    }

    #[test]
    fn links_inside_are_followed_only_where_that_is_wanted() {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("a"), "a").unwrap();
        symlink("a", folder.path().join("link")).unwrap();
        let root = root(folder.path()).unwrap();
        assert!(open(&root, Path::new("link"), OFlags::RDONLY, Links::Inside).is_ok());
        assert!(open(&root, Path::new("link"), OFlags::RDONLY, Links::None).is_err());
        assert!(open(&root, Path::new("a"), OFlags::RDONLY, Links::None).is_ok());
    }
}
