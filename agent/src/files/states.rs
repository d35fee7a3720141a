//! What tells one state of a changed file from another: a digest of what it was and what it is. A file is read again only when
//! the file system says that it is another.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::os::fd::OwnedFd;
use std::path::Path;

use octobot_wire::code::{ChangeKind, ChangedFile, FileKind};
use octobot_wire::daemon::MAX_CONTENT;
use rustix::fs::Stat;
use sha2::{Digest as _, Sha256};

use super::{kind, link, look, path_of, regular};
use crate::beneath;

/// So many bytes of a digest are told: enough that no two states look alike by chance.
const TOLD: usize = 16;

/// What was read, by path.
#[derive(Debug, Default)]
pub struct States(HashMap<String, (Stamp, [u8; 32])>);

/// What the file system says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: i64,
    mode: u32,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl States {
    /// Completes the states of changed files, which so far tell only what each was before. What isn't regular is named.
    pub fn note(self, workspace: &Path, files: &mut [ChangedFile]) -> Self {
        let mut next = HashMap::with_capacity(files.len());
        let root = beneath::root(workspace).ok();
        for file in files {
            let before = std::mem::take(&mut file.state);
            let mut digest = Sha256::new_with_prefix(before.as_bytes());
            if let Some(root) = root.as_ref().filter(|_| file.change != ChangeKind::Removed)
                && let Some((kind, stamp, content)) = self.content(root, file)
            {
                if kind == FileKind::Special {
                    file.old_kind = Some(file.old_kind.unwrap_or(file.kind));
                    file.kind = kind;
                }
                digest.update([stamp.mode.to_be_bytes()[2], stamp.mode.to_be_bytes()[3]]);
                digest.update(content);
                next.insert(file.path.clone(), (stamp, content));
            }
            for byte in &digest.finalize()[..TOLD] {
                write!(file.state, "{byte:02x}").expect("writing to a string can't fail");
            }
        }
        Self(next)
    }

    /// A file's digest; none of one that is gone by now.
    fn content(&self, root: &OwnedFd, file: &ChangedFile) -> Option<(FileKind, Stamp, [u8; 32])> {
        let path = path_of(&file.path);
        let (found, stat) = look(root, &path).ok()?;
        let (kind, stamp) = (kind(&stat), stamp(&stat));
        if let Some((known, content)) = self.0.get(&file.path)
            && *known == stamp
        {
            return Some((kind, stamp, *content));
        }
        let content = match kind {
            FileKind::Link => Sha256::digest(link(&found, &path).ok()?),
            FileKind::File | FileKind::Executable if stamp.bytes <= MAX_CONTENT.cast_signed() => {
                Sha256::digest(regular(root, &path).ok()?)
            }
            // Nobody reads these: what the file system says has to do.
            _ => Sha256::digest(format!("{stamp:?}")),
        };
        Some((kind, stamp, content.into()))
    }
}

fn stamp(stat: &Stat) -> Stamp {
    Stamp {
        inode: stat.st_ino,
        bytes: stat.st_size,
        mode: stat.st_mode,
        modified: (stat.st_mtime, stat.st_mtime_nsec.cast_signed()),
        changed: (stat.st_ctime, stat.st_ctime_nsec.cast_signed()),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn state(states: States, folder: &Path, before: &str) -> (String, States) {
        let mut file = [ChangedFile {
            path: "a".to_owned(),
            old_path: None,
            change: ChangeKind::Modified,
            kind: FileKind::File,
            old_kind: None,
            lines: None,
            state: before.to_owned(),
        }];
        let states = states.note(folder, &mut file);
        let [file] = file;
        (file.state, states)
    }

    #[test]
    fn a_state_comes_back_with_its_content_and_only_then() {
        let folder = TempDir::new().unwrap();
        let write = |text: &str| std::fs::write(folder.path().join("a"), text).unwrap();
        write("one");
        let (one, states) = state(States::default(), folder.path(), "id");
        assert_eq!(one.len(), 2 * TOLD);
        let (same, states) = state(states, folder.path(), "id");
        assert_eq!(same, one);
        std::fs::remove_file(folder.path().join("a")).unwrap();
        write("two");
        let (two, states) = state(states, folder.path(), "id");
        assert_ne!(two, one);
        std::fs::remove_file(folder.path().join("a")).unwrap();
        write("one");
        assert_eq!(state(states, folder.path(), "id").0, one);
        assert_ne!(state(States::default(), folder.path(), "other").0, one);
    }
}
