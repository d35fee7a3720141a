//! The processes below this one or another, as `/proc` shows them, and signals to all of them.

use std::collections::{HashMap, HashSet};
use std::{fs, io};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, kill_process};

/// A process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descendant {
    /// Its id.
    pub pid: Pid,
    /// Its parent's id.
    pub parent: i32,
    /// When it began, in ticks since the machine did: tells it from a later one with the same id.
    pub began: u64,
    /// Whether it has ended, and its parent hasn't taken note.
    pub is_zombie: bool,
}

/// All processes below this one. One that is born during the walk may be missing.
pub fn all() -> io::Result<Vec<Pid>> {
    Ok(below(getpid())?.into_iter().map(|found| found.pid).collect())
}

/// All processes below another one.
pub fn below(root: Pid) -> io::Result<Vec<Descendant>> {
    let mut children: HashMap<i32, Vec<Descendant>> = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        // A process may end between the listing and the look at it.
        let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())) else { continue };
        if let Some(Stat { parent, began, is_zombie }) = read_stat(&stat) {
            children.entry(parent).or_default().push(Descendant { pid, parent, began, is_zombie });
        }
    }
    let mut found = Vec::new();
    let mut open = vec![root.as_raw_nonzero().get()];
    while let Some(parent) = open.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            open.push(child.pid.as_raw_nonzero().get());
            found.push(child);
        }
    }
    Ok(found)
}

/// Sends signals to every descendant, and wakes those that are stopped so that they can take them.
pub fn ask_to_end(signals: &[Signal]) -> io::Result<()> {
    for pid in all()? {
        for &signal in signals.iter().chain(&[Signal::CONT]) {
            // The process may be gone, or somebody else's; `end` says so if it still matters then.
            let _gone = kill_process(pid, signal);
        }
    }
    Ok(())
}

/// Kills every descendant and returns how many can't be signalled because they belong to somebody else.
///
/// They are frozen first, until a walk finds none that is new, so that one that forks quickly can't outrun the walk.
/// Zombies are among them: the caller reaps, and calls again until it has no child left.
pub fn end() -> io::Result<usize> {
    const WALKS: usize = 50;
    let mut frozen = HashSet::new();
    let mut refused = HashSet::new();
    for _ in 0..WALKS {
        let before = frozen.len() + refused.len();
        for pid in all()? {
            if !frozen.contains(&pid) && !refused.contains(&pid) {
                match kill_process(pid, Signal::STOP) {
                    Err(Errno::PERM) => refused.insert(pid),
                    _ => frozen.insert(pid),
                };
            }
        }
        if frozen.len() + refused.len() == before {
            break;
        }
    }
    for pid in frozen {
        // It may have ended already.
        let _gone = kill_process(pid, Signal::KILL);
    }
    Ok(refused.len())
}

/// What matters in `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: i32,
    began: u64,
    is_zombie: bool,
}

/// Reads the fields 3, 4 and 22. The second one, the name, is in parentheses and may hold anything.
fn read_stat(stat: &str) -> Option<Stat> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace();
    let is_zombie = matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok()?;
    Some(Stat { parent, began: fields.nth(17)?.parse().ok()?, is_zombie })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_with_parentheses_and_spaces_doesnt_hide_the_parent() {
        let stat = "42 (a) 1 (b) S 7 42 42 0 -1 4194304 100 0 0 0 1 2 3 4 20 0 1 0 12345 1000000 50";
        assert_eq!(read_stat(stat), Some(Stat { parent: 7, began: 12345, is_zombie: false }));
        assert_eq!(read_stat("42 (a"), None);
    }
}
