//! Following the log: its bytes from an event on, first those in the file, then those that come, without a gap.
//!
//! Readers take bytes from the file by offset, so a slow one costs no memory and holds nobody up.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, RwLock};

use bytes::Bytes;
use futures::Stream;
use tokio::sync::watch;

use crate::log::Tail;
use crate::log::index::{Index, Place};

/// At most so much is read at once.
const CHUNK: u64 = 64 * 1024;

/// Reads the log while it is written.
#[derive(Debug, Clone)]
pub struct LogReader {
    pub(super) file: Arc<File>,
    pub(super) index: Arc<RwLock<Index>>,
    pub(super) tail: watch::Receiver<Tail>,
}

/// Why the log can't be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The log doesn't reach so far.
    #[error("the log ends with event {last}, so there is nothing after {after}")]
    PastEnd {
        /// The number that was asked for.
        after: u64,
        /// The number of the last event.
        last: u64,
    },
    /// The log can't be read.
    #[error("the event log can't be read")]
    Read(#[from] io::Error),
}

impl LogReader {
    /// The number of the last event; 0 when there is none.
    pub fn last(&self) -> u64 {
        self.tail.borrow().last
    }

    /// The lines of all events after this one. Ends when the log is closed.
    pub fn follow(self, after: u64) -> Result<impl Stream<Item = io::Result<Bytes>> + use<>, FollowError> {
        let tail = *self.tail.borrow();
        let offset = if after == tail.last {
            tail.bytes
        } else {
            let index = self.index.read().expect("nobody panics while holding the index");
            let place = if after < tail.last { index.find(after + 1) } else { None };
            skip_lines(&self.file, place.ok_or(FollowError::PastEnd { after, last: tail.last })?)?
        };
        let follower = Follower { file: self.file, tail: self.tail, offset };
        Ok(futures::stream::try_unfold(follower, |mut follower| async {
            Ok(follower.next().await?.map(|chunk| (chunk, follower)))
        }))
    }
}

struct Follower {
    file: Arc<File>,
    tail: watch::Receiver<Tail>,
    offset: u64,
}

impl Follower {
    /// What has been written since the last time, as much as fits into a chunk; none when the log is closed.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let end = self.tail.borrow_and_update().bytes;
            if self.offset < end {
                let length = usize::try_from(CHUNK.min(end - self.offset)).expect("a chunk fits into memory");
                let mut chunk = vec![0; length];
                // The file's newest part is in the page cache, so that this hardly ever waits for a disk.
                self.file.read_exact_at(&mut chunk, self.offset)?;
                self.offset += length as u64;
                return Ok(Some(chunk.into()));
            }
            if self.tail.changed().await.is_err() {
                return Ok(None);
            }
        }
    }
}

/// The offset after some lines, all of which are in the file.
fn skip_lines(file: &File, place: Place) -> io::Result<u64> {
    let Place { mut offset, mut lines_to_skip } = place;
    let mut chunk = vec![0; 16 * 1024];
    while lines_to_skip > 0 {
        let read = file.read_at(&mut chunk, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut used = 0;
        while lines_to_skip > 0 {
            let Some(end) = chunk[used..read].iter().position(|&byte| byte == b'\n') else {
                used = read;
                break;
            };
            used += end + 1;
            lines_to_skip -= 1;
        }
        offset += used as u64;
    }
    Ok(offset)
}
