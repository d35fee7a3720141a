//! What git prints for programs, read. Pure.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// What `git status --porcelain=v2 -z` says about the work tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Status<'a> {
    /// Files that the index knows and that are different or gone.
    pub known: Vec<Known<'a>>,
    /// Files that it doesn't know. A repository in a folder of its own has a slash at the end.
    pub new: Vec<&'a Path>,
}

/// A file that isn't as the index says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<'a> {
    /// Its mode in the index.
    pub mode: u32,
    /// The id of its content there.
    pub id: &'a str,
    /// Where it is.
    pub path: &'a Path,
}

/// A file that differs, as `git diff-files --raw --numstat -z` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing<'a> {
    /// Its mode before; 0 when it is new.
    pub old_mode: u32,
    /// Its mode now; 0 when it is gone.
    pub mode: u32,
    /// The id of its content before.
    pub old_id: &'a str,
    /// The id of its content now; zeros where that is only in the work tree.
    pub id: &'a str,
    /// Where it was, when it was moved.
    pub old_path: Option<&'a Path>,
    /// Where it is.
    pub path: &'a Path,
    /// How many lines are new and how many gone; none of binary files.
    pub lines: Option<(u32, u32)>,
}

/// A file that isn't as the last commit has it, as `git status --porcelain=v2 -z` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "git says each of them by itself")]
pub struct Uncommitted<'a> {
    /// Where it is. A repository in a folder of its own has a slash at the end.
    pub path: &'a Path,
    /// Whether it is in the work tree.
    pub is_there: bool,
    /// What git knows of it.
    pub tracking: Tracking,
    /// Whether it is a repository of its own.
    pub is_repository: bool,
    /// Whether some of its changes are staged.
    pub has_staged: bool,
    /// Whether some aren't.
    pub has_unstaged: bool,
}

/// What git knows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracking {
    /// Nothing yet.
    New,
    /// One state.
    Known,
    /// Two that wait to be made one.
    Conflict,
}

/// Git printed something else than it promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("git printed what isn't understood")]
pub struct NotUnderstood;

/// Reads a status.
pub fn status(printed: &[u8]) -> Result<Status<'_>, NotUnderstood> {
    let mut status = Status::default();
    for record in printed.split(|byte| *byte == 0) {
        match record {
            [] => {}
            [b'?', b' ', name @ ..] => status.new.push(path(name)),
            // An ordinary change: 1 XY sub mH mI mW hH hI path.
            [b'1', b' ', rest @ ..] => {
                let mut fields = rest.splitn(8, |byte| *byte == b' ');
                let mut next = || fields.next().ok_or(NotUnderstood);
                let (codes, _submodule, _head, mode, _now, _head_id, id, name) =
                    (next()?, next()?, next()?, next()?, next()?, next()?, next()?, next()?);
                if codes.get(1) != Some(&b'.') {
                    status.known.push(Known { mode: octal(mode)?, id: text(id)?, path: path(name) });
                }
            }
            _ => return Err(NotUnderstood),
        }
    }
    Ok(status)
}

/// Reads a status for what isn't committed.
pub fn uncommitted(printed: &[u8]) -> Result<Vec<Uncommitted<'_>>, NotUnderstood> {
    let mut files = Vec::new();
    for record in printed.split(|byte| *byte == 0) {
        // How many fields come before the mode in the work tree, and between that and the path.
        let (before, between) = match record {
            [] => continue,
            [b'?', b' ', name @ ..] => {
                let is_repository = name.ends_with(b"/");
                let path = path(name);
                let (has_staged, has_unstaged) = (false, true);
                files.push(Uncommitted {
                    path,
                    is_there: true,
                    tracking: Tracking::New,
                    is_repository,
                    has_staged,
                    has_unstaged,
                });
                continue;
            }
            // 1 XY sub mH mI mW hH hI path.
            [b'1', b' ', ..] => (5, 2),
            // In conflict: u XY sub m1 m2 m3 mW h1 h2 h3 path.
            [b'u', b' ', ..] => (6, 3),
            _ => return Err(NotUnderstood),
        };
        let fields: Vec<_> = record.splitn(before + between + 2, |byte| *byte == b' ').collect();
        let field = |number: usize| fields.get(number).copied().ok_or(NotUnderstood);
        let is_repository = field(2)?.first() == Some(&b'S');
        let is_there = octal(field(before)?)? != 0;
        let path = path(field(before + between + 1)?);
        let codes = field(1)?;
        let differs = |place: usize| codes.get(place).is_some_and(|code| *code != b'.');
        let tracking = if record.starts_with(b"u") { Tracking::Conflict } else { Tracking::Known };
        // Nothing of a file in conflict is staged: there are all of its states.
        let has_staged = tracking != Tracking::Conflict && differs(0);
        files.push(Uncommitted { path, is_there, tracking, is_repository, has_staged, has_unstaged: differs(1) });
    }
    Ok(files)
}

/// Reads differences: first the files, then, in the same order, their counts.
pub fn differing(printed: &[u8]) -> Result<Vec<Differing<'_>>, NotUnderstood> {
    let mut found = Vec::new();
    let mut records = printed.split(|byte| *byte == 0).peekable();
    while let Some(record) = records.next_if(|record| record.starts_with(b":")) {
        let mut fields = record[1..].split(|byte| *byte == b' ');
        let mut next = || fields.next().ok_or(NotUnderstood);
        let (old_mode, mode, old_id, id, status) = (next()?, next()?, next()?, next()?, next()?);
        let first = path(records.next().ok_or(NotUnderstood)?);
        let is_moved = matches!(status.first(), Some(b'R' | b'C'));
        let second = if is_moved { Some(path(records.next().ok_or(NotUnderstood)?)) } else { None };
        found.push(Differing {
            old_mode: octal(old_mode)?,
            mode: octal(mode)?,
            old_id: text(old_id)?,
            id: text(id)?,
            old_path: second.map(|_| first),
            path: second.unwrap_or(first),
            lines: None,
        });
    }
    for file in &mut found {
        let record = records.next().ok_or(NotUnderstood)?;
        let mut fields = record.splitn(3, |byte| *byte == b'\t');
        let mut next = || fields.next().ok_or(NotUnderstood);
        let (added, removed, name) = (next()?, next()?, next()?);
        if name.is_empty() {
            // Of one that was moved, both names follow.
            records.next().and(records.next()).ok_or(NotUnderstood)?;
        }
        file.lines = if added == b"-" { None } else { Some((number(added)?, number(removed)?)) };
    }
    Ok(found)
}

/// Turns differences of an index, without counts and without looking for files that were moved, into what brings another index to
/// them. Files in conflict are left out: nothing of them is staged.
pub fn index_entries(printed: &[u8]) -> Result<Vec<u8>, NotUnderstood> {
    let mut entries = Vec::new();
    let mut records = printed.split(|byte| *byte == 0);
    while let Some(record) = records.next().filter(|record| !record.is_empty()) {
        let mut fields = record.splitn(5, |byte| *byte == b' ');
        let mut next = || fields.next().ok_or(NotUnderstood);
        let (_old_mode, mode, _old_id, id, status) = (next()?, next()?, next()?, next()?, next()?);
        let name = records.next().ok_or(NotUnderstood)?;
        if status != b"U" {
            entries.extend([mode, b" ", id, b"\t", name, b"\0"].concat());
        }
    }
    Ok(entries)
}

/// Writes names with a NUL behind each.
pub fn with_nul<'a>(names: impl Iterator<Item = &'a Path>) -> Vec<u8> {
    names.flat_map(|name| name.as_os_str().as_bytes().iter().copied().chain([0])).collect()
}

/// Reads names with a NUL behind each.
pub fn names(printed: &[u8]) -> impl Iterator<Item = &Path> {
    printed.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(path)
}

fn path(name: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(name))
}

fn text(bytes: &[u8]) -> Result<&str, NotUnderstood> {
    std::str::from_utf8(bytes).map_err(|_| NotUnderstood)
}

fn octal(bytes: &[u8]) -> Result<u32, NotUnderstood> {
    u32::from_str_radix(text(bytes)?, 8).map_err(|_| NotUnderstood)
}

fn number(bytes: &[u8]) -> Result<u32, NotUnderstood> {
    text(bytes)?.parse().map_err(|_| NotUnderstood)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_tells_what_the_work_tree_changed_and_nothing_else() {
        let printed =
            b"1 .M N... 100644 100755 100755 aa bb a b\n\xff\x001 M. N... 100644 100644 100644 aa bb staged\x00\
                        1 .D N... 100644 100644 000000 aa cc -gone\x00? new\x00? folder/\x00";
        let status = status(printed).unwrap();
        let known = |mode, id, name: &'static [u8]| Known { mode, id, path: path(name) };
        assert_eq!(status.known, [known(0o100_755, "bb", b"a b\n\xff"), known(0o100_644, "cc", b"-gone")]);
        assert_eq!(status.new, [Path::new("new"), Path::new("folder/")]);
    }

    #[test]
    fn differences_have_their_counts_and_former_names() {
        let printed = b":100644 100644 aa 00 M\x00a\x00:100644 100755 bb 00 R086\x00old\x00new\x00:000000 100644 00 00 A\x00bin\x00\
                        1\t2\ta\x003\t0\t\x00old\x00new\x00-\t-\tbin\x00";
        let found = differing(printed).unwrap();
        assert_eq!((found[0].lines, found[0].old_path), (Some((1, 2)), None));
        assert_eq!(
            (found[1].lines, found[1].old_path, found[1].path),
            (Some((3, 0)), Some(Path::new("old")), Path::new("new"))
        );
        assert_eq!((found[2].lines, found[2].old_mode, found[2].mode), (None, 0, 0o100_644));
        assert_eq!(differing(b"").unwrap(), []);
    }

    #[test]
    fn what_is_not_committed_is_told_with_where_it_is() {
        let printed = b"1 MM N... 100644 100644 100644 a b a b\x001 D. N... 100644 000000 000000 a b gone\x00\
                        u UU N... 100644 100644 100644 100755 a b c both\x001 .M SC.. 160000 160000 160000 a b sub\x00? new\x00? inner/\x00";
        let told = |path, is_there, tracking, is_repository, (has_staged, has_unstaged)| Uncommitted {
            path: Path::new(path),
            is_there,
            tracking,
            is_repository,
            has_staged,
            has_unstaged,
        };
        let expected = [
            told("a b", true, Tracking::Known, false, (true, true)),
            told("gone", false, Tracking::Known, false, (true, false)),
            told("both", true, Tracking::Conflict, false, (false, true)),
            told("sub", true, Tracking::Known, true, (false, true)),
            told("new", true, Tracking::New, false, (false, true)),
            told("inner/", true, Tracking::New, true, (false, true)),
        ];
        assert_eq!(uncommitted(printed).unwrap(), expected);
        for printed in [&b"1 .M"[..], b"2 R. x", b"u UU N... 1 1 1 1 a b", b"x"] {
            assert_eq!(uncommitted(printed), Err(NotUnderstood), "{printed:?}");
        }
    }

    #[test]
    fn what_git_never_prints_is_no_answer() {
        for printed in [&b"1 .M"[..], b"2 R. x", b"hello", b"1 .M N... 9 9 9 a b c"] {
            assert_eq!(status(printed), Err(NotUnderstood), "{printed:?}");
        }
        for printed in [&b":1 2 3"[..], b":100644 100644 a b M\x00a\x00", b":100644 100644 a b M\x00a\x00x\ty\ta\x00"] {
            assert_eq!(differing(printed), Err(NotUnderstood), "{printed:?}");
        }
    }
}
