//! How output is gathered into events: the first after a pause at once, then at most one in a window, none too large.

use std::time::{Duration, Instant};

/// What a tool prints waits at most this long for more: a frame of a screen.
pub const PRINTED: Duration = Duration::from_millis(16);

/// What an agent says waits at most this long: it comes word by word, and somebody reads along.
pub const SAID: Duration = Duration::from_millis(4);

/// An event holds at most so many bytes of text.
const MAX_EVENT: usize = 32 * 1024;

/// Gathers text.
#[derive(Debug)]
pub struct Pace {
    window: Duration,
    waiting: String,
    last_event: Option<Instant>,
}

impl Pace {
    /// Gathers for at most this long.
    pub fn new(window: Duration) -> Self {
        Self { window, waiting: String::new(), last_event: None }
    }

    /// Takes text and returns the events that are to be made now.
    pub fn push(&mut self, text: &str, now: Instant) -> Vec<String> {
        self.waiting.push_str(text);
        let mut events = Vec::new();
        while self.waiting.len() >= MAX_EVENT {
            let rest = self.waiting.split_off(self.waiting.floor_char_boundary(MAX_EVENT));
            events.push(std::mem::replace(&mut self.waiting, rest));
            self.last_event = Some(now);
        }
        if self.last_event.is_none_or(|last| last + self.window <= now) {
            events.extend(self.flush(now));
        }
        events
    }

    /// When the text that waits is to be made an event.
    pub fn due(&self) -> Option<Instant> {
        // Text that comes before there was an event, or after a pause, doesn't wait at all.
        let last = self.last_event.filter(|_| !self.waiting.is_empty())?;
        Some(last + self.window)
    }

    /// Makes the text that waits an event.
    pub fn flush(&mut self, now: Instant) -> Vec<String> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        self.last_event = Some(now);
        vec![std::mem::take(&mut self.waiting)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = PRINTED;

    #[test]
    fn the_first_text_goes_at_once_and_the_next_waits_for_the_window() {
        let start = Instant::now();
        let mut pace = Pace::new(WINDOW);
        assert_eq!(pace.push("a", start), ["a"]);
        assert_eq!(pace.push("b", start + WINDOW / 2), [""; 0]);
        assert_eq!(pace.due(), Some(start + WINDOW));
        assert_eq!(pace.push("c", start + WINDOW), ["bc"]);
        assert_eq!(pace.due(), None);
        assert_eq!(pace.push("d", start + WINDOW * 3), ["d"]);
    }

    #[test]
    fn a_large_text_is_split_between_characters() {
        let mut pace = Pace::new(WINDOW);
        let events = pace.push(&"€".repeat(30_000), Instant::now());
        assert!(events.iter().all(|event| event.len() <= MAX_EVENT));
        let rest = pace.flush(Instant::now());
        assert_eq!(events.concat() + &rest.concat(), "€".repeat(30_000));
    }
}
