//! Writing an index: the few files whose differences git is to count, so that it needn't look at all the others.
//!
//! The format is that of gitformat-index(5), version 3, without extensions and without what the file system said of a file: so git
//! reads each of them.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// A name's length as far as the format has room for it.
const MOST_NAME: usize = 0xfff;

/// That further flags follow.
const EXTENDED: u16 = 0x4000;

/// Among those: the file is new, and its content isn't in the index.
const INTENT_TO_ADD: u16 = 0x2000;

/// An entry.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Where the file is.
    pub path: &'a Path,
    /// Its mode.
    pub mode: u32,
    /// The id of its content in hexadecimal digits; none of a file that is new.
    pub id: Option<&'a str>,
}

/// An id isn't one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("git named an object by what isn't an id")]
pub struct NoId;

/// An index with these entries. `empty` is the id of an empty file, by which the format tells the kind of ids.
pub fn write(mut entries: Vec<Entry<'_>>, empty: &str) -> Result<Vec<u8>, NoId> {
    entries.sort_unstable_by_key(|entry| entry.path.as_os_str().as_bytes());
    let count = u32::try_from(entries.len()).map_err(|_| NoId)?;
    let mut index = Vec::with_capacity(entries.len() * 128);
    index.extend_from_slice(b"DIRC");
    index.extend_from_slice(&3u32.to_be_bytes());
    index.extend_from_slice(&count.to_be_bytes());
    for entry in entries {
        push(&mut index, entry, empty)?;
    }
    if empty.len() == 64 {
        let sum = Sha256::digest(&index);
        index.extend_from_slice(&sum);
    } else {
        let sum = Sha1::digest(&index);
        index.extend_from_slice(&sum);
    }
    Ok(index)
}

fn push(index: &mut Vec<u8>, entry: Entry<'_>, empty: &str) -> Result<(), NoId> {
    let begin = index.len();
    let name = entry.path.as_os_str().as_bytes();
    // Times, device and inode.
    index.extend_from_slice(&[0; 24]);
    index.extend_from_slice(&entry.mode.to_be_bytes());
    // User, group and size.
    index.extend_from_slice(&[0; 12]);
    push_id(index, entry.id.unwrap_or(empty))?;
    let length = u16::try_from(name.len().min(MOST_NAME)).expect("the length has 12 bits");
    let is_new = entry.id.is_none();
    index.extend_from_slice(&(length | if is_new { EXTENDED } else { 0 }).to_be_bytes());
    if is_new {
        index.extend_from_slice(&INTENT_TO_ADD.to_be_bytes());
    }
    index.extend_from_slice(name);
    // One to eight NULs, to a multiple of eight bytes.
    let length = index.len() - begin;
    index.resize(begin + (length / 8 + 1) * 8, 0);
    Ok(())
}

fn push_id(index: &mut Vec<u8>, id: &str) -> Result<(), NoId> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or(NoId);
    let (pairs, rest) = id.as_bytes().as_chunks::<2>();
    if !matches!(pairs.len(), 20 | 32) || !rest.is_empty() {
        return Err(NoId);
    }
    for [high, low] in pairs {
        index.push(digit(*high)? << 4 | digit(*low)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn git_reads_what_is_written() {
        for format in ["sha1", "sha256"] {
            let folder = TempDir::new().unwrap();
            let git = |arguments: &[&str]| {
                let output = Command::new("git").args(arguments).current_dir(folder.path()).output().unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8(output.stdout).unwrap()
            };
            git(&["init", "-q", "--object-format", format]);
            let empty = git(&["hash-object", "-w", "/dev/null"]);
            std::fs::write(folder.path().join("new"), "1\n2\n").unwrap();
            let long = "n".repeat(200);
            let entry = |path, id| Entry { path: Path::new(path), mode: 0o100_644, id };
            let entries = vec![entry("new", None), entry(&long, Some(empty.trim())), entry("a/b", Some(empty.trim()))];
            std::fs::write(folder.path().join(".git/index"), write(entries, empty.trim()).unwrap()).unwrap();
            assert_eq!(git(&["ls-files"]), format!("a/b\nnew\n{long}\n"));
            assert_eq!(git(&["diff-files", "--numstat"]), format!("0\t0\ta/b\n2\t0\tnew\n0\t0\t{long}\n"));
        }
    }

    #[test]
    fn what_is_no_id_is_not_written() {
        for id in ["", "00", "zz", &"g".repeat(40), &"é".repeat(20)] {
            let entry = Entry { path: Path::new("a"), mode: 0o100_644, id: Some(id) };
            assert_eq!(write(vec![entry], &"0".repeat(40)), Err(NoId), "{id}");
        }
    }
}
