//! The cache's folder: what is kept, what is being made, and how much it all is. Blocking; the only place that makes, names
//! and removes files.
//!
//! ```text
//! objects/<first two digits>/<the others>   an entry, whole and verified
//! making/<random>                           one that is being written; its writer holds a lock on it
//! usage                                     the length of all files, in 8 bytes; locked while it changes
//! ```
//!
//! Any number of processes share a folder. An entry gets its name in one step when all of it is there, so a reader sees all
//! or nothing, and a reader that has opened one keeps it when it is removed. A file in `making` whose lock is free belongs
//! to a process that died, and goes at the next scan.
//!
//! Nothing is synced to the disk: after a power failure a file may hold anything, and the checks tell. What is lost then is
//! fetched again.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::FlockOperation;
use tempfile::NamedTempFile;

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

/// A file that is being written, with its reservation of space. Dropping it removes both.
#[derive(Debug)]
pub(super) struct Draft {
    folder: Folder,
    file: Option<NamedTempFile>,
    reserved: u64,
}

/// A place for something new.
#[derive(Debug)]
pub(super) struct Room {
    /// The draft; `None` where what is being made takes up all that may be kept.
    pub draft: Option<Draft>,
    /// How many entries had to go for it.
    pub evicted: u64,
}

/// What is in the folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// How many entries.
    pub entries: u64,
    /// Their length in bytes, with what is being made.
    pub bytes: u64,
}

/// After evicting, this share of the limit is free, so that not each new entry has to look through all.
const SLACK: u64 = 20;

impl Folder {
    /// Opens the folder, or makes it, and removes what dead processes left.
    pub fn open(root: &Path) -> io::Result<Self> {
        for folder in [root, &root.join("objects"), &root.join("making")] {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let folder = Self { root: root.to_owned() };
        let usage = Usage::lock(&folder)?;
        usage.write(folder.scan()?.bytes())?;
        Ok(folder)
    }

    /// Opens an entry; `None` where there is none.
    pub fn entry(&self, hex: &str) -> io::Result<Option<File>> {
        match File::open(self.object(hex)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes an entry, if it is there.
    pub fn remove(&self, hex: &str) -> io::Result<()> {
        let usage = Usage::lock(self)?;
        let bytes = remove_file(&self.object(hex))?;
        usage.write(usage.read()?.saturating_sub(bytes))
    }

    /// Makes room for `bytes` under `limit`, and a draft in it.
    pub fn make_room(&self, bytes: u64, limit: u64) -> io::Result<Room> {
        let usage = Usage::lock(self)?;
        let mut used = usage.read()?;
        let mut evicted = 0;
        if used.saturating_add(bytes) > limit {
            let mut scan = self.scan()?;
            evicted = scan.evict((limit - limit / SLACK).saturating_sub(bytes))?;
            used = scan.bytes();
            usage.write(used)?;
        }
        if used.saturating_add(bytes) > limit {
            return Ok(Room { draft: None, evicted });
        }
        // While the usage is locked, so that no scan misses it. The length alone tells what is going to be there.
        let file = NamedTempFile::new_in(self.root.join("making"))?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        file.as_file().set_len(bytes)?;
        usage.write(used + bytes)?;
        Ok(Room { draft: Some(Draft { folder: self.clone(), file: Some(file), reserved: bytes }), evicted })
    }

    /// Evicts what is above `limit`, and tells how many entries went.
    pub fn shrink(&self, limit: u64) -> io::Result<u64> {
        let usage = Usage::lock(self)?;
        let mut scan = self.scan()?;
        let evicted = if scan.bytes() > limit { scan.evict(limit - limit / SLACK)? } else { 0 };
        usage.write(scan.bytes())?;
        Ok(evicted)
    }

    /// What is in the folder.
    pub fn contents(&self) -> io::Result<Contents> {
        let _unchanged = Usage::lock(self)?;
        let scan = self.scan()?;
        Ok(Contents { entries: scan.entries.len() as u64, bytes: scan.bytes() })
    }

    fn object(&self, hex: &str) -> PathBuf {
        let (first, rest) = hex.split_at(2);
        self.root.join("objects").join(first).join(rest)
    }

    /// Looks at every file, and removes what dead processes left.
    fn scan(&self) -> io::Result<Scan> {
        let mut scan = Scan::default();
        for folder in fs::read_dir(self.root.join("objects"))? {
            let folder = folder?;
            if !folder.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                let file = file?;
                // Another process may have removed it since.
                let Ok(metadata) = file.metadata() else { continue };
                scan.entries.push(Seen {
                    used: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                    bytes: metadata.len(),
                    path: file.path(),
                });
            }
        }
        for file in fs::read_dir(self.root.join("making"))? {
            scan.drafted += self.drafted(&file?.path());
        }
        Ok(scan)
    }

    /// The length of a draft; 0 for one that nobody writes any more, which is removed.
    fn drafted(&self, path: &Path) -> u64 {
        let Ok(file) = File::open(path) else { return 0 };
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_ok() {
            if let Err(error) = fs::remove_file(path) {
                tracing::warn!(error = %error, "a half-written file can't be removed from the cache {}", self.root.display());
            }
            return 0;
        }
        file.metadata().map_or(0, |metadata| metadata.len())
    }
}

impl Draft {
    /// The file.
    pub fn file(&self) -> io::Result<File> {
        self.temporary()?.as_file().try_clone()
    }

    /// Gives the file its name, so that everybody sees it.
    pub fn publish(mut self, hex: &str) -> io::Result<()> {
        let bytes = self.temporary()?.as_file().metadata()?.len();
        let path = self.folder.object(hex);
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let usage = Usage::lock(&self.folder)?;
        let replaced = path.metadata().map_or(0, |metadata| metadata.len());
        let Some(file) = self.file.take() else { return Err(io::ErrorKind::NotFound.into()) };
        let published = file.persist(&path);
        let (more, less) = if published.is_ok() { (bytes, replaced) } else { (0, 0) };
        usage.write(usage.read()?.saturating_add(more).saturating_sub(self.reserved + less))?;
        published.map(drop).map_err(|error| error.error)
    }

    fn temporary(&self) -> io::Result<&NamedTempFile> {
        self.file.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else { return };
        let given_back = Usage::lock(&self.folder).and_then(|usage| {
            // While the usage is locked, so that no scan finds it counted and gone.
            drop(file);
            usage.write(usage.read()?.saturating_sub(self.reserved))
        });
        if let Err(error) = given_back {
            // The next scan counts anew.
            tracing::warn!(error = %error, "the cache's usage can't be written");
        }
    }
}

/// The number of bytes in the folder, for as long as it is locked. Processes that die leave it too high, until a scan.
#[derive(Debug)]
struct Usage {
    file: File,
}

impl Usage {
    fn lock(folder: &Folder) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(folder.root.join("usage"))?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
        Ok(Self { file })
    }

    fn read(&self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        match self.file.read_exact_at(&mut bytes, 0) {
            Ok(()) => Ok(u64::from_le_bytes(bytes)),
            // So much that the next entry makes for a scan.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(u64::MAX),
            Err(error) => Err(error),
        }
    }

    fn write(&self, bytes: u64) -> io::Result<()> {
        self.file.write_all_at(&bytes.to_le_bytes(), 0)
    }
}

/// What a look at every file has shown.
#[derive(Debug, Default)]
struct Scan {
    entries: Vec<Seen>,
    drafted: u64,
}

#[derive(Debug)]
struct Seen {
    used: SystemTime,
    bytes: u64,
    path: PathBuf,
}

impl Scan {
    fn bytes(&self) -> u64 {
        self.drafted + self.entries.iter().map(|entry| entry.bytes).sum::<u64>()
    }

    /// Removes the entries that were used the longest ago, until no more than `target` bytes are left.
    fn evict(&mut self, target: u64) -> io::Result<u64> {
        self.entries.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.used));
        let mut bytes = self.bytes();
        let mut evicted = 0;
        while bytes > target
            && let Some(oldest) = self.entries.pop()
        {
            remove_file(&oldest.path)?;
            bytes -= oldest.bytes;
            evicted += 1;
        }
        Ok(evicted)
    }
}

/// Removes a file, if it is there; how long it was.
fn remove_file(path: &Path) -> io::Result<u64> {
    let bytes = path.metadata().map_or(0, |metadata| metadata.len());
    match fs::remove_file(path) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
