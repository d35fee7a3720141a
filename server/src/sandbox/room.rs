//! How much room there is for the data of sandboxes.

use std::io;
use std::path::{Path, PathBuf};

/// The free space of a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// A folder on it.
    pub path: PathBuf,
    /// How many bytes the server's user may still write there.
    pub free_bytes: u64,
}

impl Room {
    /// The room at a path, or at the nearest folder above it that exists.
    pub fn at(path: &Path) -> io::Result<Self> {
        let existing = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
        let found = rustix::fs::statvfs(existing)?;
        Ok(Self { path: path.to_owned(), free_bytes: found.f_bavail.saturating_mul(found.f_frsize) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_a_folder_that_isnt_there_yet_is_that_of_the_folder_it_will_be_in() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("a/b");
        let room = Room::at(&missing).unwrap();
        assert_eq!(room.path, missing);
        assert!(room.free_bytes > 0 && room.free_bytes < u64::MAX);
    }
}
