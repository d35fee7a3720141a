//! Which users of the host the sandbox's users are.
//!
//! A server that runs as root gives each session 65,536 user ids that nobody else has, so that no process of a
//! sandbox, not even its root, is a user of the host or of another sandbox. The ids lie between `0x7000_0000` and
//! `0x7fff_ffff`, which systemd's list of user ids leaves free for others and distributions don't give out; which of the
//! 4,096 ranges a session has follows from its id. Two sessions may meet in a range: they are still kept apart by
//! their namespaces.
//!
//! Any other server can only give what it is itself: its own user appears as `octobot` inside.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;

use octobot_wire::SessionId;
use rustix::process::{Gid, Pid, Uid};

/// The user that agent and daemon are inside the sandbox.
pub(super) const SANDBOX_UID: u32 = 1000;

const FIRST_BASE: u32 = 0x7000_0000;
const RANGE: u32 = 0x1_0000;
const RANGES: u128 = 0x1000;

/// Which users of the host the sandbox's users are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// The sandbox's user ids 0 to 65,535 are the host's from `base` on.
    Range {
        /// The sandbox's root on the host.
        base: u32,
    },
    /// The sandbox has one user, which is the server's.
    Caller {
        /// The server's user.
        uid: u32,
        /// The server's group.
        gid: u32,
    },
}

impl Identity {
    /// The best that this process can give to a session.
    pub fn of(session: SessionId) -> Self {
        // The last bits of a session's id are random, the first ones are the time.
        let index = u32::try_from(session.uuid().as_u128() % RANGES).expect("a remainder is less than its divisor");
        let base = FIRST_BASE + index * RANGE;
        let may_map = rustix::process::geteuid().is_root()
            && ["/proc/self/uid_map", "/proc/self/gid_map"]
                .iter()
                .all(|map| fs::read_to_string(map).is_ok_and(|map| covers(&map, base, RANGE)));
        if may_map {
            return Self::Range { base };
        }
        Self::Caller { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() }
    }

    /// The user on the host that owns the sandbox's files.
    pub fn owner(self) -> (u32, u32) {
        match self {
            Self::Range { base } => (base + SANDBOX_UID, base + SANDBOX_UID),
            Self::Caller { uid, gid } => (uid, gid),
        }
    }

    /// Writes the id maps of a process that was just put into a new user namespace.
    pub fn write_maps(self, pid: Pid) -> io::Result<()> {
        let write = |file: &str, text: String| fs::write(format!("/proc/{}/{file}", pid.as_raw_pid()), text);
        match self {
            Self::Range { base } => {
                write("uid_map", format!("0 {base} {RANGE}"))?;
                write("gid_map", format!("0 {base} {RANGE}"))
            }
            Self::Caller { uid, gid } => {
                // Without this the kernel doesn't let an ordinary user map a group: dropping a group can be a gain.
                write("setgroups", "deny".to_owned())?;
                write("uid_map", format!("{SANDBOX_UID} {uid} 1"))?;
                write("gid_map", format!("{SANDBOX_UID} {gid} 1"))
            }
        }
    }

    /// Makes the calling process, which is in the sandbox's user namespace, the user that may make files there.
    /// Its capabilities in the namespace stay.
    pub fn become_builder(self) -> io::Result<()> {
        match self {
            Self::Range { .. } => become_user(Uid::ROOT, Gid::ROOT),
            // The caller is that user already.
            Self::Caller { .. } => Ok(()),
        }
    }

    /// Makes the calling process the sandbox's user for good.
    pub fn become_sandbox_user(self) -> io::Result<()> {
        match self {
            Self::Range { .. } => become_user(Uid::from_raw(SANDBOX_UID), Gid::from_raw(SANDBOX_UID)),
            Self::Caller { .. } => Ok(()),
        }
    }

    /// Gives a folder and all in it to the sandbox's user, where it isn't that user's already.
    pub fn adopt(self, folder: &Path) -> io::Result<()> {
        let (uid, gid) = self.owner();
        if fs::symlink_metadata(folder)?.uid() == uid {
            return Ok(());
        }
        give(folder, uid, gid)
    }
}

/// Changes the owner of a folder after that of all in it, so that a crash in between is noticed the next time.
fn give(path: &Path, uid: u32, gid: u32) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), uid, gid)?;
        }
    }
    lchown(path, Some(uid), Some(gid))
}

fn become_user(uid: Uid, gid: Gid) -> io::Result<()> {
    // These change one thread, and there is only one.
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    Ok(rustix::thread::set_thread_res_uid(uid, uid, uid)?)
}

/// Whether a map as in `/proc/self/uid_map` has all of these ids.
fn covers(map: &str, first: u32, count: u32) -> bool {
    map.lines().any(|line| {
        let mut fields = line.split_ascii_whitespace().map(str::parse::<u64>);
        let (Some(Ok(inside)), Some(Ok(_)), Some(Ok(length))) = (fields.next(), fields.next(), fields.next()) else {
            return false;
        };
        inside <= u64::from(first) && u64::from(first) + u64::from(count) <= inside + length
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_only_used_where_the_host_has_it() {
        assert!(covers("         0          0 4294967295\n", FIRST_BASE, RANGE));
        assert!(!covers("         0     100000      65536\n", FIRST_BASE, RANGE));
        assert!(covers("0 1000 1\n1 100000 2147483647\n", FIRST_BASE, RANGE));
        assert!(!covers("nonsense\n", FIRST_BASE, RANGE));
    }

    #[test]
    fn every_range_lies_where_nobody_else_has_ids() {
        let last = FIRST_BASE + u32::try_from(RANGES - 1).unwrap() * RANGE + (RANGE - 1);
        assert_eq!(last, 0x7fff_ffff);
    }
}
