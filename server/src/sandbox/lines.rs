//! Lines out of bytes that come in pieces. Pure.

use bytes::{Buf as _, BytesMut};

/// The bytes of a line that hasn't ended yet, and those behind it.
#[derive(Default)]
pub(super) struct Lines {
    pending: BytesMut,
    /// How much of `pending` is known to hold no line end.
    searched: usize,
}

impl Lines {
    /// Takes more bytes.
    pub(super) fn push(&mut self, data: &[u8]) {
        self.pending.extend_from_slice(data);
    }

    /// The next line that has ended, without its end.
    pub(super) fn next(&mut self) -> Option<BytesMut> {
        let Some(offset) = self.pending[self.searched..].iter().position(|&byte| byte == b'\n') else {
            self.searched = self.pending.len();
            return None;
        };
        let line = self.pending.split_to(self.searched + offset);
        self.pending.advance(1);
        self.searched = 0;
        Some(line)
    }

    /// How long the line is that hasn't ended yet, once [`Lines::next`] has given all others.
    pub(super) fn unended_bytes(&self) -> usize {
        self.searched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_the_bytes_are_cut() {
        let text = b"one\n\nthree\nunended";
        for size in 1..=text.len() {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for piece in text.chunks(size) {
                lines.push(piece);
                found.extend(std::iter::from_fn(|| lines.next()));
            }
            assert_eq!(found, ["one", "", "three"], "cut every {size} bytes");
            assert_eq!(lines.unended_bytes(), "unended".len());
        }
    }
}
