//! The processes below this one, as `/proc` shows them, and signals to all of them.

use std::collections::{HashMap, HashSet};
use std::{fs, io};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, kill_process};

/// All processes below this one. One that is born during the walk may be missing.
pub fn all() -> io::Result<Vec<Pid>> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may end between the listing and the look at it.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        if let Some(parent) = parent_in_stat(&stat) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![getpid().as_raw_nonzero().get()];
    while let Some(parent) = open.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            open.push(child);
            found.extend(Pid::from_raw(child));
        }
    }
    Ok(found)
}

/// Sends a signal to every descendant, and wakes those that are stopped so that they can take it.
pub fn ask_to_end() -> io::Result<()> {
    for pid in all()? {
        for signal in [Signal::TERM, Signal::CONT] {
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

/// The parent's id in `/proc/PID/stat`. The second field, the name, is in parentheses and may hold anything.
fn parent_in_stat(stat: &str) -> Option<i32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_with_parentheses_and_spaces_doesnt_hide_the_parent() {
        assert_eq!(parent_in_stat("42 (a) 1 (b) S 7 42 42 0 -1"), Some(7));
        assert_eq!(parent_in_stat("42 (a"), None);
    }
}
