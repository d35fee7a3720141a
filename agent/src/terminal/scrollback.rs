//! What a terminal has printed, as far as it is kept: a file of a fixed size that is written round and round.
//!
//! Bytes are numbered from 0, for ever. The file takes all its room when it is made, so that a disk that fills up later loses
//! nothing that is printed, and its head says how many bytes were written, so that a daemon that was killed goes on behind the
//! last of them. Readers take bytes from the file by number: one that is slow costs no memory.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

/// What a file of this form begins with.
const MAGIC: [u8; 8] = *b"octoscr1";

/// How long the head is.
const HEAD_BYTES: usize = 16;

/// Where the bytes begin: behind the magic and the number of bytes written.
const HEAD: u64 = HEAD_BYTES as u64;

/// The kept output of a terminal, for one writer and many readers.
#[derive(Debug)]
pub struct Scrollback {
    file: File,
    size: u64,
    written: AtomicU64,
}

impl Scrollback {
    /// Makes a file that keeps the last `size` bytes.
    pub fn create(path: &Path, size: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, HEAD + size) {
            Ok(()) => {}
            // Such a file system has no way to promise room.
            Err(Errno::OPNOTSUPP) => file.set_len(HEAD + size)?,
            Err(errno) => return Err(errno.into()),
        }
        file.write_all_at(&MAGIC, 0)?;
        Ok(Self { file, size, written: AtomicU64::new(0) })
    }

    /// Opens a file that [`Scrollback::create`] has made.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut head = [0; HEAD_BYTES];
        file.read_exact_at(&mut head, 0)?;
        let size = file.metadata()?.len().checked_sub(HEAD).filter(|&size| size > 0);
        let (magic, written) = head.split_at(MAGIC.len());
        match (size, magic == MAGIC) {
            (Some(size), true) => {
                let written = u64::from_le_bytes(written.try_into().expect("the head has eight bytes more"));
                Ok(Self { file, size, written: AtomicU64::new(written) })
            }
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "it isn't what a terminal has printed")),
        }
    }

    /// How many bytes were written so far.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// The number of the first byte that is kept.
    pub fn first(&self) -> u64 {
        self.written().saturating_sub(self.size)
    }

    /// Writes bytes behind the last one.
    pub fn append(&self, mut bytes: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        while !bytes.is_empty() {
            let place = written % self.size;
            let fits = usize::try_from(self.size - place).unwrap_or(usize::MAX).min(bytes.len());
            let (now, later) = bytes.split_at(fits);
            self.file.write_all_at(now, HEAD + place)?;
            written += now.len() as u64;
            bytes = later;
        }
        self.file.write_all_at(&written.to_le_bytes(), MAGIC.len() as u64)?;
        self.written.store(written, Ordering::Release);
        Ok(())
    }

    /// Reads at most `most` bytes from a number on, which must be kept; fewer where the file goes round.
    pub fn read(&self, from: u64, most: usize) -> io::Result<Vec<u8>> {
        let place = from % self.size;
        let there = (self.written() - from).min(self.size - place);
        let mut bytes = vec![0; usize::try_from(there).unwrap_or(usize::MAX).min(most)];
        self.file.read_exact_at(&mut bytes, HEAD + place)?;
        Ok(bytes)
    }

    /// All bytes from a number on that are kept, and the number of their first.
    pub fn read_all(&self, from: u64) -> io::Result<(u64, Vec<u8>)> {
        let start = from.clamp(self.first(), self.written());
        let mut bytes = Vec::new();
        while start + (bytes.len() as u64) < self.written() {
            bytes.extend(self.read(start + bytes.len() as u64, usize::MAX)?);
        }
        Ok((start, bytes))
    }

    /// Where a reader begins who wants everything: behind the first line's end where the beginning is gone, so that it doesn't
    /// begin in the middle of a character or an escape sequence.
    pub fn beginning(&self) -> io::Result<u64> {
        const LOOK: usize = 8 * 1024;
        let first = self.first();
        if first == 0 {
            return Ok(0);
        }
        let bytes = self.read(first, LOOK)?;
        let end = bytes.iter().position(|&byte| byte == b'\n').map_or(0, |at| at as u64 + 1);
        Ok(first + end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(size: u64) -> (tempfile::TempDir, Scrollback) {
        let folder = tempfile::tempdir().unwrap();
        let scrollback = Scrollback::create(&folder.path().join("output"), size).unwrap();
        (folder, scrollback)
    }

    #[test]
    fn the_last_bytes_are_kept_however_they_were_written() {
        let all: Vec<u8> = (0..=255).cycle().take(5_000).collect();
        for step in [1, 7, 99, 100, 101, 350] {
            let (folder, scrollback) = made(100);
            for piece in all.chunks(step) {
                scrollback.append(piece).unwrap();
            }
            let reopened = Scrollback::open(&folder.path().join("output")).unwrap();
            for scrollback in [scrollback, reopened] {
                assert_eq!((scrollback.first(), scrollback.written()), (4_900, 5_000));
                assert_eq!(scrollback.read_all(0).unwrap(), (4_900, all[4_900..].to_vec()), "in steps of {step}");
                assert_eq!(scrollback.read_all(4_990).unwrap(), (4_990, all[4_990..].to_vec()));
                assert_eq!(scrollback.read_all(9_999).unwrap(), (5_000, Vec::new()));
            }
        }
    }

    #[test]
    fn a_reader_of_everything_begins_with_a_line_where_the_beginning_is_gone() {
        let (_folder, scrollback) = made(20);
        scrollback.append(b"one\ntwo\n").unwrap();
        assert_eq!(scrollback.beginning().unwrap(), 0);
        scrollback.append(b"three\nfour\nfive\n").unwrap();
        let (_, bytes) = scrollback.read_all(scrollback.beginning().unwrap()).unwrap();
        assert_eq!(bytes, b"three\nfour\nfive\n");
    }

    #[test]
    fn another_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        std::fs::write(&path, [b'x'; 100]).unwrap();
        assert_eq!(Scrollback::open(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
