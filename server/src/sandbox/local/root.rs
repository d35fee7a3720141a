//! Builds the sandbox's root from its baggage and makes it the root of the calling process.

use std::fs;
use std::io;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags};

use super::baggage::{Item, Kind};
use super::protocol::{SetupError, Step};
use super::sys;

/// Where the new root is built. Any directory does that every host has; the host's own one isn't touched.
const BASE: &str = "/tmp";

/// What belongs to the host's kernel in a `/proc`, even to a process without rights.
const READ_ONLY_PROC: [&str; 5] = ["sys", "sysrq-trigger", "irq", "bus", "fs"];

/// Cuts the mount namespace off from the one that it was copied from: nothing that is mounted here appears there.
pub(super) fn detach_mounts() -> Result<(), SetupError> {
    let flags = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", flags).map_err(SetupError::at(Step::Pivot))
}

/// Builds the new root and moves into it. The old one is gone afterwards.
pub(super) fn enter(baggage: Vec<Item>, memory_bytes: u64) -> Result<(), SetupError> {
    tmpfs(Path::new(BASE), "mode=0755,size=64m,nr_inodes=16k")?;
    // Before the baggage: a granted tool folder may lie beneath one of these.
    for (path, mode) in [("/tmp", "1777"), ("/run", "0755"), ("/dev/shm", "1777")] {
        make_folder(path)?;
        tmpfs(&beneath_base(path), &format!("mode={mode},size={memory_bytes}"))?;
    }
    for item in baggage {
        let at = beneath_base(&item.at);
        place(&at, item.kind).map_err(SetupError::about(Step::Place, item.at.display()))?;
    }
    mount_proc()?;
    complete_dev()?;
    for (path, to) in [("/var/tmp", "/tmp"), ("/var/run", "/run")] {
        place(&beneath_base(path), Kind::Link(to.into())).map_err(SetupError::about(Step::Place, path))?;
    }
    pivot().map_err(SetupError::at(Step::Pivot))
}

fn beneath_base(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    Path::new(BASE).join(path.strip_prefix("/").unwrap_or(path))
}

fn tmpfs(at: &Path, options: &str) -> Result<(), SetupError> {
    let options = std::ffi::CString::new(options).expect("options are made of numbers and names");
    rustix::mount::mount("tmpfs", at, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options.as_c_str())
        .map_err(SetupError::about(Step::Tmpfs, at.display()))
}

fn make_folder(path: &str) -> Result<(), SetupError> {
    fs::create_dir_all(beneath_base(path)).map_err(SetupError::about(Step::Place, path))
}

fn place(at: &Path, kind: Kind) -> io::Result<()> {
    if let Some(parent) = at.parent() {
        fs::create_dir_all(parent)?;
    }
    match kind {
        Kind::Folder(mount) => {
            fs::create_dir_all(at)?;
            attach(mount.as_fd(), at)
        }
        Kind::File(mount) => {
            // What is there already, maybe in a tree that is read-only, is covered.
            if !at.exists() {
                fs::File::create(at)?;
            }
            attach(mount.as_fd(), at)
        }
        Kind::Link(to) => symlink(to, at),
        Kind::Text(content) => {
            fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(at)?.write_all(&content)
        }
    }
}

fn attach(mount: std::os::fd::BorrowedFd<'_>, at: &Path) -> io::Result<()> {
    Ok(rustix::mount::move_mount(mount, "", CWD, at, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
}

fn mount_proc() -> Result<(), SetupError> {
    make_folder("/proc")?;
    let proc = beneath_base("/proc");
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    rustix::mount::mount("proc", &proc, "proc", flags, None).map_err(SetupError::at(Step::Proc))?;
    // A namespace inside this one would give a process all capabilities there, and with them much more of the kernel
    // to attack. This counts for the sandbox's own user namespace only.
    fs::write(proc.join("sys/user/max_user_namespaces"), "0").map_err(SetupError::at(Step::Rights))?;
    for name in READ_ONLY_PROC {
        make_read_only(&proc.join(name)).map_err(SetupError::about(Step::Proc, name))?;
    }
    Ok(())
}

fn make_read_only(path: &Path) -> io::Result<()> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let mount = match rustix::mount::open_tree(CWD, path, flags) {
        Err(Errno::NOENT) => return Ok(()),
        mount => mount?,
    };
    sys::add_mount_attributes(mount.as_fd(), libc::MOUNT_ATTR_RDONLY, false)?;
    attach(mount.as_fd(), path)
}

/// Pseudo-terminals of the sandbox's own, and the links that every program expects.
fn complete_dev() -> Result<(), SetupError> {
    make_folder("/dev/pts")?;
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    let options = c"newinstance,ptmxmode=0666,mode=0620";
    rustix::mount::mount("devpts", beneath_base("/dev/pts"), "devpts", flags, options)
        .map_err(SetupError::at(Step::Pts))?;
    let links = [
        ("/dev/ptmx", "pts/ptmx"),
        ("/dev/fd", "/proc/self/fd"),
        ("/dev/stdin", "/proc/self/fd/0"),
        ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"),
    ];
    for (path, to) in links {
        place(&beneath_base(path), Kind::Link(to.into())).map_err(SetupError::about(Step::Place, path))?;
    }
    Ok(())
}

/// Swaps the roots and lets go of the old one. What is in the new root itself, not in a mount of its own, is
/// read-only from here on.
fn pivot() -> io::Result<()> {
    rustix::process::chdir(BASE)?;
    // The old root is put on top of the new one, where the next call finds it; no directory is needed for it.
    rustix::process::pivot_root(".", ".")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH)?;
    rustix::process::chdir("/")?;
    let root = rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    sys::add_mount_attributes(root.as_fd(), libc::MOUNT_ATTR_RDONLY, false)
}
