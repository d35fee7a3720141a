//! How far a terminal's bytes are, in both directions. Pure.

use octobot_wire::terminal::INPUT_WINDOW;

/// So many bytes are typed in one message.
const PIECE: usize = 16 * 1024;

/// What was shown is told at the latest after so many bytes.
const TELL_AFTER: u64 = 64 * 1024;

/// What was printed and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Printed {
    /// The number of the next byte that comes; none before the first connection says.
    pub next: Option<u64>,
    /// The bytes before this one are told again: nobody is to answer what they ask.
    pub live: u64,
    shown: u64,
    told: u64,
}

impl Printed {
    /// The bytes that follow begin here. Tells whether others than these were expected.
    pub fn begin(&mut self, offset: u64, live: u64) -> bool {
        let is_gap = self.next.is_some_and(|next| next != offset);
        *self = Self { next: Some(offset), live, shown: offset, told: offset };
        is_gap
    }

    /// Bytes have come.
    pub fn received(&mut self, bytes: usize) {
        self.next = self.next.map(|next| next + bytes as u64);
    }

    /// Bytes were shown. Returns how far, when that is to be told now.
    pub fn show(&mut self, bytes: usize) -> Option<u64> {
        self.shown += bytes as u64;
        let is_due = Some(self.shown) == self.next || self.shown >= self.told + TELL_AFTER;
        if is_due {
            self.told = self.shown;
        }
        is_due.then_some(self.shown)
    }

    /// Whether what is shown now was printed just now.
    pub fn is_live(&self) -> bool {
        self.shown >= self.live
    }
}

/// What was typed and waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Typed {
    waiting: Vec<u8>,
    sent: u64,
    taken: u64,
}

impl Typed {
    /// Something was typed.
    pub fn push(&mut self, text: &str) {
        self.waiting.extend_from_slice(text.as_bytes());
    }

    /// What can be sent now.
    pub fn take_piece(&mut self) -> Option<Vec<u8>> {
        let room = INPUT_WINDOW.saturating_sub(self.sent - self.taken);
        let length = usize::try_from(room).unwrap_or(usize::MAX).min(PIECE).min(self.waiting.len());
        if length == 0 {
            return None;
        }
        self.sent += length as u64;
        let later = self.waiting.split_off(length);
        Some(std::mem::replace(&mut self.waiting, later))
    }

    /// The screen's own answer is sent as well, and counts.
    pub fn replied(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    /// The program has got so much in all.
    pub fn taken(&mut self, bytes: u64) {
        self.taken = bytes.min(self.sent);
    }

    /// Whether the program hasn't got everything yet.
    pub fn is_busy(&self) -> bool {
        !self.waiting.is_empty() || self.taken < self.sent
    }

    /// Drops what waits.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// A new connection counts anew. What was on its way may have arrived or not, and isn't typed twice.
    pub fn reconnect(&mut self) {
        (self.sent, self.taken) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_paste_is_sent_as_it_is_taken() {
        let mut typed = Typed::default();
        typed.push(&"x".repeat(200_000));
        let mut sent = 0;
        while let Some(piece) = typed.take_piece() {
            sent += piece.len() as u64;
        }
        assert_eq!(sent, INPUT_WINDOW);
        typed.taken(10);
        assert_eq!(typed.take_piece().map(|piece| piece.len()), Some(10));
        assert!(typed.is_busy());
        typed.clear();
        assert_eq!(typed.take_piece(), None);
        typed.taken(INPUT_WINDOW + 10);
        assert!(!typed.is_busy());
    }

    #[test]
    fn what_was_shown_is_told_when_all_is_and_in_between_now_and_then() {
        let mut shown = Printed::default();
        assert!(!shown.begin(100, 150));
        shown.received(100_000);
        assert_eq!((shown.show(40), shown.is_live()), (None, false));
        assert_eq!((shown.show(70_000), shown.is_live()), (Some(70_140), true));
        assert_eq!(shown.show(10), None);
        assert_eq!(shown.show(29_950), Some(100_100));
        assert_eq!(shown.next, Some(100_100));
        assert!(!shown.begin(100_100, 100_100), "where it was");
        assert!(shown.begin(200_000, 200_000), "something is missing");
    }
}
