//! The cap on what a tool call shows: its start at once, and of what goes beyond only the end.

/// So many bytes are shown as they come.
pub const SHOWN: usize = 2 * 1024 * 1024;

/// Of the rest so many bytes are kept, the last ones.
pub const TAIL: usize = 64 * 1024;

/// Counts what was shown and keeps the tail of the rest.
#[derive(Debug, Default)]
pub struct Cap {
    shown: usize,
    /// The end of what wasn't shown, up to twice as long as it must be, so that it is seldom moved.
    tail: Vec<u8>,
    dropped: u64,
}

/// What went over the cap.
#[derive(Debug, PartialEq, Eq)]
pub struct Rest {
    /// So many bytes between the start and the tail are gone.
    pub not_shown: u64,
    /// The tail, from the start of a line on if it holds one.
    pub tail: Vec<u8>,
}

impl Cap {
    /// Takes bytes and returns those at their start that are to be shown.
    pub fn admit<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (shown, rest) = bytes.split_at(bytes.len().min(SHOWN - self.shown));
        self.shown += shown.len();
        self.tail.extend_from_slice(rest);
        if self.tail.len() > 2 * TAIL {
            self.drop_first(self.tail.len() - TAIL);
        }
        shown
    }

    /// What went over the cap, if anything did.
    pub fn finish(&mut self) -> Option<Rest> {
        if self.tail.len() > TAIL || self.dropped > 0 {
            self.drop_first(self.tail.len().saturating_sub(TAIL));
            let line = self.tail.iter().position(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            // A tail that is all one line is better than none.
            self.drop_first(if line == self.tail.len() { 0 } else { line });
        }
        let tail = std::mem::take(&mut self.tail);
        (!tail.is_empty()).then_some(Rest { not_shown: self.dropped, tail })
    }

    fn drop_first(&mut self, count: usize) {
        self.tail.drain(..count);
        self.dropped += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_stays_bounded_however_much_comes() {
        let chunk = vec![b'y'; 32 * 1024];
        let mut cap = Cap::default();
        for _ in 0..1_000 {
            cap.admit(&chunk);
            assert!(cap.tail.capacity() <= 4 * TAIL);
        }
        let rest = cap.finish().unwrap();
        assert_eq!(rest.tail.len(), TAIL);
        assert_eq!(rest.not_shown, (1_000 * 32 * 1024 - SHOWN - TAIL) as u64);
    }
}
