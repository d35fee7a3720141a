//! Buffers for chunks, used again and again: fresh ones would have to be mapped and zeroed by the kernel each time.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::format::CHUNK_BYTES;

/// How many unused buffers are held: 4 MiB.
const MOST_UNUSED: usize = 32;

/// Where buffers come from and go back to.
#[derive(Debug, Clone, Default)]
pub(super) struct Buffers {
    unused: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A buffer of [`CHUNK_BYTES`], of which the first `filled` mean something.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
    home: Buffers,
}

impl Buffers {
    /// A buffer to fill with `length` bytes, at most [`CHUNK_BYTES`]. It may hold what it held before.
    pub fn take(&self, length: usize) -> Buffer {
        let unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let bytes = unused.unwrap_or_else(|| vec![0; CHUNK_BYTES]);
        Buffer { bytes, filled: length.min(CHUNK_BYTES), home: self.clone() }
    }
}

impl Buffer {
    /// What is to be filled.
    pub fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.filled]
    }

    /// What has been filled, without a copy.
    pub fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut unused = self.home.unused.lock().unwrap_or_else(PoisonError::into_inner);
        if unused.len() < MOST_UNUSED {
            unused.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_its_last_reader_is_done() {
        let buffers = Buffers::default();
        let mut buffer = buffers.take(3);
        buffer.as_mut().copy_from_slice(b"abc");
        let bytes = buffer.into_bytes();
        let part = bytes.slice(1..);
        drop(bytes);
        assert_eq!(&part[..], b"bc");
        assert!(buffers.unused.lock().unwrap().is_empty());
        drop(part);
        assert_eq!(buffers.unused.lock().unwrap().len(), 1);
        assert_eq!(buffers.take(CHUNK_BYTES).as_ref().len(), CHUNK_BYTES);
    }
}
