//! Lines from an agent's standard output: messages, and whatever else a program may print there.

use std::io;

use tokio::io::AsyncReadExt as _;
use tokio::net::unix::OwnedReadHalf;

use crate::acp::message::{self, Incoming};

/// A longer message isn't read: an image of the largest size that is passed on fits twice.
const MAX_MESSAGE: usize = 32 * 1024 * 1024;

/// Of a line that isn't a message so much is kept.
const MAX_NOISE: usize = 4 * 1024;

/// So much is read at once.
const CHUNK: usize = 32 * 1024;

/// A line.
#[derive(Debug)]
pub enum Line {
    /// A message.
    Message(Incoming),
    /// Anything else, or its beginning.
    Noise(String),
}

/// Reads lines, with bounded memory whatever comes.
#[derive(Debug)]
pub struct Lines<R = OwnedReadHalf> {
    stream: R,
    splitter: Splitter,
}

impl<R: tokio::io::AsyncRead + Unpin> Lines<R> {
    /// Reads from a stream.
    pub fn new(stream: R) -> Self {
        Self { stream, splitter: Splitter::default() }
    }

    /// The next line; none at the end. Can be dropped and called again.
    pub async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            if let Some(line) = self.splitter.next() {
                return Ok(Some(line));
            }
            self.splitter.bytes.reserve(CHUNK);
            if self.stream.read_buf(&mut self.splitter.bytes).await? == 0 {
                return Ok(self.splitter.finish());
            }
        }
    }
}

/// Bytes to lines. Pure.
#[derive(Debug, Default)]
struct Splitter {
    bytes: Vec<u8>,
    /// So many bytes at the start hold no end of a line.
    scanned: usize,
    /// The start of a line that is too long, of which the rest is dropped.
    cut: Option<String>,
}

impl Splitter {
    fn next(&mut self) -> Option<Line> {
        let Some(end) = self.bytes[self.scanned..].iter().position(|&byte| byte == b'\n') else {
            self.scanned = self.bytes.len();
            self.cut_if_too_long();
            return None;
        };
        let line: Vec<u8> = self.bytes.drain(..=self.scanned + end).collect();
        self.scanned = 0;
        self.bytes.shrink_to(CHUNK * 2);
        Some(self.cut.take().map_or_else(|| read(&line), Line::Noise))
    }

    fn finish(&mut self) -> Option<Line> {
        let rest = std::mem::take(&mut self.bytes);
        self.scanned = 0;
        match self.cut.take() {
            Some(cut) => Some(Line::Noise(cut)),
            None if rest.is_empty() => None,
            None => Some(read(&rest)),
        }
    }

    fn cut_if_too_long(&mut self) {
        // A message is an object. What isn't one needn't be kept until its end.
        let most = if self.bytes.trim_ascii_start().starts_with(b"{") { MAX_MESSAGE } else { MAX_NOISE };
        if self.cut.is_some() || self.bytes.len() > most {
            self.cut.get_or_insert_with(|| noise(&self.bytes));
            self.bytes = Vec::new();
            self.scanned = 0;
        }
    }
}

fn read(line: &[u8]) -> Line {
    message::parse(line).map_or_else(|| Line::Noise(noise(line)), Line::Message)
}

fn noise(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_NOISE)]).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8], chunk: usize) -> Vec<String> {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        for bytes in input.chunks(chunk) {
            splitter.bytes.extend_from_slice(bytes);
            while let Some(line) = splitter.next() {
                lines.push(line);
            }
            assert!(splitter.bytes.len() <= MAX_NOISE.max(chunk) || splitter.bytes.starts_with(b"{"));
        }
        lines.extend(splitter.finish());
        let name = |line| match line {
            Line::Message(_) => "message".to_owned(),
            Line::Noise(text) => text,
        };
        lines.into_iter().map(name).collect()
    }

    #[test]
    fn messages_are_found_between_noise_wherever_the_chunks_end() {
        let input = b"Loading...\n{\"method\":\"a\"}\n\n{broken\n{\"method\":\"b\"}";
        for chunk in 1..input.len() {
            assert_eq!(all(input, chunk), ["Loading...", "message", "", "{broken", "message"], "{chunk}");
        }
    }

    #[test]
    fn megabytes_without_an_end_are_dropped_but_for_their_start() {
        let mut input = vec![b'x'; 3_000_000];
        input.extend_from_slice(b"\n{\"method\":\"a\"}\n");
        let lines = all(&input, 10_000);
        assert_eq!((lines.len(), lines[1].as_str()), (2, "message"));
        assert_eq!(lines[0], "x".repeat(MAX_NOISE));
    }
}
