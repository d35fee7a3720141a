//! Reading files for requests: without a hop to another thread where the kernel has the bytes at hand.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use rustix::io::{Errno, ReadWriteFlags};

use super::buffers::{Buffer, Buffers};

/// Reads `length` bytes at `offset`, at most a chunk. Fewer are an error.
pub(super) async fn read_at(file: &Arc<File>, buffers: &Buffers, offset: u64, length: usize) -> io::Result<Bytes> {
    let mut buffer = buffers.take(length);
    if fill_at_once(file, &mut buffer, offset)? {
        return Ok(buffer.into_bytes());
    }
    let file = Arc::clone(file);
    let read = move || {
        file.read_exact_at(buffer.as_mut(), offset)?;
        Ok(buffer.into_bytes())
    };
    tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
}

/// Whether the page cache had it all.
fn fill_at_once(file: &File, buffer: &mut Buffer, offset: u64) -> io::Result<bool> {
    let wanted = buffer.as_ref().len();
    match rustix::io::preadv2(file, &mut [IoSliceMut::new(buffer.as_mut())], offset, ReadWriteFlags::NOWAIT) {
        Ok(read) => Ok(read == wanted),
        // Not at hand, or a file system that doesn't tell.
        Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::INTR | Errno::INVAL | Errno::NOSYS) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
