//! Files and folders, with errors that name the path.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The files below a folder, as sorted paths from that folder.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_path_buf()];
    while let Some(current) = pending.pop() {
        if !current.exists() {
            continue;
        }
        let entries = fs::read_dir(&current).with_context(|| format!("{} couldn't be listed", current.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                pending.push(path);
            } else {
                found.push(path.strip_prefix(folder).expect("entries stand below their folder").to_path_buf());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The content of a file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} couldn't be read", path.display()))
}

/// Writes a file and the folders above it.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    make_parent(path)?;
    fs::write(path, content).with_context(|| format!("{} couldn't be written", path.display()))
}

/// Makes a folder, empty if it was there before.
pub fn empty_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} couldn't be removed", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("{} couldn't be made", folder.display()))
}

/// Puts a second name on a file, or copies it where the file system has no such names. Whoever has the old file open,
/// such as a server that runs from it, keeps it.
pub fn link(from: &Path, to: &Path) -> Result<()> {
    make_parent(to)?;
    match fs::remove_file(to) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("{} couldn't be removed", to.display()));
        }
        _ => {}
    }
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to).map(drop).with_context(|| format!("{} couldn't be copied to {}", from.display(), to.display()))
}

fn make_parent(path: &Path) -> Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    fs::create_dir_all(parent).with_context(|| format!("{} couldn't be made", parent.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_at_every_depth_in_a_stable_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a/c", "a/b/d"] {
            write(&folder.path().join(name), b"").unwrap();
        }
        assert_eq!(files(folder.path()).unwrap(), ["a/b/d", "a/c", "b"].map(PathBuf::from));
    }

    #[test]
    fn linking_replaces_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        write(&from, b"new").unwrap();
        write(&to, b"old").unwrap();
        link(&from, &to).unwrap();
        assert_eq!(read(&to).unwrap(), b"new");
    }
}
