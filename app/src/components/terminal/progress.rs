//! How far a terminal's bytes are, in both directions. Pure.

use std::collections::VecDeque;

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

/// What begins and ends a paste, for a program that knows of pasting.
const BRACKETS: (&str, &str) = ("\x1b[200~", "\x1b[201~");

/// What was typed and waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Typed {
    waiting: VecDeque<u8>,
    sent: u64,
    taken: u64,
    paste: Option<Paste>,
}

/// What was pasted and isn't there yet: the bytes from one number up to another, counted as those that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Paste {
    from: u64,
    end: u64,
    is_bracketed: bool,
}

impl Typed {
    /// Something was typed.
    pub fn push(&mut self, text: &str) {
        self.waiting.extend(text.as_bytes());
    }

    /// Something was pasted; `is_bracketed` when the program is to be told where that begins and ends.
    pub fn paste(&mut self, text: &str, is_bracketed: bool) {
        let from = self.pushed();
        if is_bracketed {
            self.push(BRACKETS.0);
        }
        self.push(text);
        if is_bracketed {
            self.push(BRACKETS.1);
        }
        // One more while another is on its way makes one of both.
        let former = self.paste.take();
        self.paste = Some(Paste {
            from: former.map_or(from, |former| former.from),
            end: self.pushed(),
            is_bracketed: is_bracketed || former.is_some_and(|former| former.is_bracketed),
        });
    }

    /// How many bytes of what was pasted the program has got, and how many there are; none while nothing is pasted that is
    /// longer than what is sent at once.
    pub fn pasting(&self) -> Option<(u64, u64)> {
        let Paste { from, end, .. } = self.paste?;
        (end - from > INPUT_WINDOW).then(|| (self.taken.saturating_sub(from), end - from))
    }

    /// Drops what waits. A program that was told where a paste begins is told its end. Returns whether it was.
    pub fn cancel(&mut self) -> bool {
        self.waiting = VecDeque::new();
        let is_cut = self
            .paste
            .take()
            .is_some_and(|paste| paste.is_bracketed && paste.from < self.sent && self.sent < paste.end);
        if is_cut {
            self.push(BRACKETS.1);
        }
        is_cut
    }

    /// Ctrl-C: what waits is dropped. Tells whether that goes for what is on its way as well; else it is typed in its turn, as
    /// a program that is told of pasting hears the end of that first.
    pub fn interrupt(&mut self) -> bool {
        let is_cut = self.cancel();
        if is_cut {
            self.push("\x03");
        }
        !is_cut
    }

    /// What can be sent now.
    pub fn take_piece(&mut self) -> Option<Vec<u8>> {
        let room = INPUT_WINDOW.saturating_sub(self.sent - self.taken);
        let length = usize::try_from(room).unwrap_or(usize::MAX).min(PIECE).min(self.waiting.len());
        if length == 0 {
            return None;
        }
        self.sent += length as u64;
        let piece = self.waiting.drain(..length).collect();
        if self.waiting.is_empty() {
            // A long paste leaves no room behind that is held.
            self.waiting = VecDeque::new();
        }
        Some(piece)
    }

    /// The screen's own answer is sent as well, and counts.
    pub fn replied(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        if let Some(paste) = &mut self.paste {
            paste.from += if paste.from < self.sent { 0 } else { bytes };
            paste.end += bytes;
        }
        self.sent += bytes;
    }

    /// The program has got so much in all.
    pub fn taken(&mut self, bytes: u64) {
        self.taken = bytes.min(self.sent);
        self.paste = self.paste.filter(|paste| self.taken < paste.end);
    }

    /// Whether the program hasn't got everything yet.
    pub fn is_busy(&self) -> bool {
        !self.waiting.is_empty() || self.taken < self.sent
    }

    /// A new connection counts anew. What was on its way may have arrived or not, and isn't typed twice; the rest of what was
    /// pasted isn't typed either then. Tells whether there was such a rest.
    pub fn reconnect(&mut self) -> bool {
        let is_cut = self.paste.is_some_and(|paste| {
            let is_long = paste.end - paste.from > INPUT_WINDOW;
            paste.from < self.sent && (self.sent < paste.end || is_long)
        });
        if is_cut {
            self.cancel();
        }
        self.paste = self.paste.map(|paste| {
            let from = paste.from - self.sent;
            Paste { from, end: paste.end - self.sent, ..paste }
        });
        (self.sent, self.taken) = (0, 0);
        is_cut
    }

    /// How many bytes will have been sent when nothing waits.
    fn pushed(&self) -> u64 {
        self.sent + self.waiting.len() as u64
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
        assert!(typed.interrupt());
        assert_eq!(typed.take_piece(), None);
        typed.taken(INPUT_WINDOW + 10);
        assert!(!typed.is_busy());
    }

    fn sent(typed: &mut Typed) -> Vec<u8> {
        std::iter::from_fn(|| typed.take_piece()).flatten().collect()
    }

    #[test]
    fn a_program_that_knows_of_pasting_is_told_the_end_of_a_paste_that_is_cancelled() {
        let mut typed = Typed::default();
        typed.paste("short", true);
        assert_eq!((sent(&mut typed), typed.pasting()), (b"\x1b[200~short\x1b[201~".to_vec(), None));
        typed.taken(17);
        typed.paste(&"x".repeat(200_000), true);
        assert_eq!(typed.pasting(), Some((0, 200_012)));
        assert_eq!(sent(&mut typed).len() as u64, INPUT_WINDOW);
        typed.taken(17 + 100);
        assert_eq!(typed.pasting(), Some((100, 200_012)));
        assert!(!typed.interrupt(), "the end of the paste comes before Ctrl-C");
        assert_eq!((sent(&mut typed), typed.pasting()), (b"\x1b[201~\x03".to_vec(), None));
        assert!(typed.interrupt(), "whoever presses it again doesn't wait");
        typed.paste(&"x".repeat(200_000), false);
        assert!(!typed.cancel());
        assert!(sent(&mut typed).is_empty());
    }

    #[test]
    fn the_rest_of_a_paste_is_not_typed_over_another_connection() {
        let mut typed = Typed::default();
        typed.push("typed");
        typed.paste("whole", false);
        assert!(!typed.reconnect());
        assert_eq!(sent(&mut typed), b"typedwhole");
        typed.taken(10);
        typed.paste(&"x".repeat(200_000), true);
        sent(&mut typed);
        assert!(typed.reconnect());
        assert_eq!((sent(&mut typed), typed.pasting()), (b"\x1b[201~".to_vec(), None));
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
