//! A secret that is found nowhere but where it belongs, and the search for it: in files, and in the environment, arguments and
//! memory of processes. The search is root's, from outside of sandboxes, where nothing can be hidden from it.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// How much is read at a time.
const PIECE: usize = 1 << 20;

/// Whether a text is in a process: its arguments, its environment, what it can write to of its memory. A process that has ended
/// holds nothing.
pub fn is_in_process(id: u32, text: &str) -> Result<bool> {
    let folder = Path::new("/proc").join(id.to_string());
    for name in ["cmdline", "environ"] {
        if fs::read(folder.join(name)).is_ok_and(|content| holds(&content, text)) {
            return Ok(true);
        }
    }
    let (Ok(maps), Ok(memory)) = (fs::read_to_string(folder.join("maps")), File::open(folder.join("mem"))) else {
        return Ok(false);
    };
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw"))) {
        let range = line.split(' ').next().and_then(|range| range.split_once('-')).context("a map has no range")?;
        let [from, to] = [range.0, range.1].map(|address| u64::from_str_radix(address, 16));
        let (from, to) = (from?, to?);
        // What can't be read, as what the kernel maps for itself, isn't the program's.
        if is_in(text, from, to, |piece, at| memory.read_at(piece, at)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The files beneath a folder that hold a text. What isn't a file, or has gone meanwhile, holds none.
pub fn files_with(folder: &Path, text: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let entry = entry?;
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() && file_holds(&entry.path(), text) => {
                    found.push(entry.path().display().to_string());
                }
                _ => {}
            }
        }
    }
    Ok(found)
}

fn file_holds(path: &Path, text: &str) -> bool {
    let Ok(mut file) = File::open(path) else { return false };
    is_in(text, 0, u64::MAX, |piece, _| file.read(piece))
}

/// Whether a text is in what is read piece by piece.
fn is_in(text: &str, from: u64, to: u64, mut read: impl FnMut(&mut [u8], u64) -> std::io::Result<usize>) -> bool {
    let (mut buffer, mut kept, mut at) = (vec![0; text.len() + PIECE], 0, from);
    while at < to {
        let wanted = PIECE.min(usize::try_from(to - at).unwrap_or(PIECE));
        let Ok(length @ 1..) = read(&mut buffer[kept..kept + wanted], at) else { return false };
        if holds(&buffer[..kept + length], text) {
            return true;
        }
        at += length as u64;
        // A text may be in two pieces.
        let rest = text.len().min(kept + length);
        buffer.copy_within(kept + length - rest..kept + length, 0);
        kept = rest;
    }
    false
}

fn holds(content: &[u8], text: &str) -> bool {
    memchr::memmem::find(content, text.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_wherever_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in/file");
        fs::create_dir(folder.path().join("in")).unwrap();
        for before in [0, 1, PIECE - 3, PIECE, 3 * PIECE + 7] {
            fs::write(&path, [&vec![b'c'; before][..], b"canary", &[0; 9]].concat()).unwrap();
            assert_eq!(files_with(folder.path(), "canary").unwrap(), [path.display().to_string()], "{before}");
        }
        fs::write(&path, "canarcanarx").unwrap();
        assert!(files_with(folder.path(), "canary").unwrap().is_empty());
        let held = format!("a text that process {} holds", std::process::id());
        assert!(is_in_process(std::process::id(), &held).unwrap());
    }
}
