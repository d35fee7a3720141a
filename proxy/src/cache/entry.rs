//! An entry that is whole, and reading it with its checks.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW};

use super::buffers::Buffers;
use super::format::{CHUNK_BYTES, FOOTER_BYTES, Footer, Trailer, check_chunk};
use super::key::{Key, hex};
use super::read::read_at;

/// An open entry.
#[derive(Debug)]
pub(super) struct Entry {
    file: Arc<File>,
    file_bytes: u64,
    id: [u8; 32],
    checks: Vec<u64>,
    /// The length of the body in bytes.
    pub length: u64,
    /// The headers of a response with the whole body, but for its length.
    pub headers: HeaderMap,
}

/// Why an entry can't be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum EntryError {
    /// It isn't what was written.
    #[error("it isn't what was written")]
    Corrupt,
    /// The system refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Entry {
    /// Opens the entry in a file. Blocking.
    pub fn open(file: File, key: &Key) -> Result<Self, EntryError> {
        let file_bytes = file.metadata()?.len();
        let footer_at = file_bytes.checked_sub(FOOTER_BYTES as u64).ok_or(EntryError::Corrupt)?;
        let mut footer = [0; FOOTER_BYTES];
        file.read_exact_at(&mut footer, footer_at)?;
        let footer = Footer::read(&footer, file_bytes).ok_or(EntryError::Corrupt)?;
        let mut trailer = vec![0; usize::try_from(footer.trailer_bytes()).map_err(|_| EntryError::Corrupt)?];
        file.read_exact_at(&mut trailer, footer.body_bytes)?;
        let trailer = Trailer::read(&trailer, &footer, &key.id).ok_or(EntryError::Corrupt)?;
        if trailer.head.key != hex(&key.id) || key.digest.is_some_and(|digest| digest != trailer.sha256) {
            return Err(EntryError::Corrupt);
        }
        Ok(Self {
            file: Arc::new(file),
            file_bytes,
            id: key.id,
            checks: trailer.checks,
            length: trailer.head.length,
            headers: trailer.head.headers(Some(&trailer.sha256)),
        })
    }

    /// Whether the file still has its name and its length.
    pub fn is_kept(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.nlink() > 0 && metadata.len() == self.file_bytes)
    }

    /// Notes that the entry was used, for eviction.
    pub fn touch(&self) {
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        if let Err(error) = rustix::fs::futimens(&self.file, &times) {
            tracing::debug!(error = %error, "the use of a cache entry can't be noted");
        }
    }

    /// Reads, of the chunk in which `range` begins, what lies in `range`, after checking all of the chunk.
    pub async fn read(&self, buffers: &Buffers, range: &Range<u64>) -> Result<Bytes, EntryError> {
        let chunk_bytes = CHUNK_BYTES as u64;
        let number = range.start / chunk_bytes;
        let start = number * chunk_bytes;
        let length = usize::try_from((self.length - start).min(chunk_bytes)).map_err(|_| EntryError::Corrupt)?;
        let chunk = match read_at(&self.file, buffers, start, length).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(EntryError::Corrupt),
            read => read?,
        };
        let check = usize::try_from(number).ok().and_then(|number| self.checks.get(number));
        if check != Some(&check_chunk(&chunk, &self.id, number)) {
            return Err(EntryError::Corrupt);
        }
        let in_chunk = |at: u64| usize::try_from(at - start).unwrap_or(length).min(length);
        Ok(chunk.slice(in_chunk(range.start)..in_chunk(range.end)))
    }
}
