//! Who holds a terminal's program up. Pure: what readers have shown goes in, whether to read on comes out.
//!
//! The program may be ahead of the fastest reader by a window, and no further: so a flood is as fast as somebody can look at it,
//! and what is on the screen when Ctrl-C is pressed is recent. Slower readers don't count; what they miss is in the scrollback, as
//! far as that reaches. A reader that has shown nothing for a while although it was given something doesn't count
//! either, and where nobody is left that counts, or nobody looks, the program runs freely: a build goes on when a
//! laptop is closed.

use std::time::{Duration, Instant};

use octobot_wire::terminal::OUTPUT_WINDOW;

/// A reader that shows nothing for so long doesn't hold anybody up.
pub const STALL: Duration = Duration::from_secs(5);

/// Names a reader of one terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderId(u64);

/// Whether to read what the program prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Now.
    Read,
    /// When a reader has shown more, or at this time.
    WaitUntil(Instant),
}

/// The readers of one terminal.
#[derive(Debug, Default)]
pub struct Flow {
    readers: Vec<Reader>,
    last: u64,
    leader: Option<ReaderId>,
}

#[derive(Debug)]
struct Reader {
    id: ReaderId,
    /// It has shown the bytes before this one.
    shown: u64,
    /// Since when there is something that it could show.
    behind_since: Option<Instant>,
}

impl Flow {
    /// A reader begins at a byte.
    pub fn attach(&mut self, from: u64, written: u64, now: Instant) -> ReaderId {
        self.last += 1;
        let id = ReaderId(self.last);
        self.readers.push(Reader { id, shown: from, behind_since: (from < written).then_some(now) });
        id
    }

    /// A reader has gone.
    pub fn detach(&mut self, id: ReaderId) {
        self.readers.retain(|reader| reader.id != id);
        self.leader = self.leader.filter(|&leader| leader != id);
    }

    /// How many readers there are.
    pub fn readers(&self) -> usize {
        self.readers.len()
    }

    /// A reader has shown the bytes before `offset`.
    pub fn shown(&mut self, id: ReaderId, offset: u64, written: u64, now: Instant) {
        if let Some(reader) = self.readers.iter_mut().find(|reader| reader.id == id)
            && offset > reader.shown
        {
            reader.shown = offset;
            reader.behind_since = (offset < written).then_some(now);
        }
    }

    /// The program has printed: `written` bytes are there now.
    pub fn written(&mut self, written: u64, now: Instant) {
        for reader in self.readers.iter_mut().filter(|reader| reader.shown < written) {
            reader.behind_since.get_or_insert(now);
        }
    }

    /// Whether to read on.
    pub fn verdict(&self, written: u64, now: Instant) -> Verdict {
        let counts = |reader: &&Reader| reader.behind_since.is_none_or(|since| now < since + STALL);
        let Some(fastest) = self.readers.iter().filter(counts).map(|reader| reader.shown).max() else {
            return Verdict::Read;
        };
        if written < fastest + OUTPUT_WINDOW {
            return Verdict::Read;
        }
        let stalls =
            self.readers.iter().filter(counts).filter_map(|reader| reader.behind_since).map(|since| since + STALL);
        stalls.max().map_or(Verdict::Read, Verdict::WaitUntil)
    }

    /// Somebody types at this reader: it answers the program's questions from now on.
    pub fn lead(&mut self, id: ReaderId) {
        self.leader = Some(id);
    }

    /// Whether this reader answers the program's questions, of which several readers would otherwise answer each.
    pub fn answers(&self, id: ReaderId) -> bool {
        self.leader.or_else(|| self.readers.first().map(|reader| reader.id)) == Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_program_that_nobody_looks_at_runs_freely() {
        assert_eq!(Flow::default().verdict(u64::MAX / 2, Instant::now()), Verdict::Read);
    }

    #[test]
    fn the_fastest_reader_sets_the_pace() {
        let (mut flow, now) = (Flow::default(), Instant::now());
        let slow = flow.attach(0, 0, now);
        let fast = flow.attach(0, 0, now);
        flow.written(OUTPUT_WINDOW, now);
        assert_eq!(flow.verdict(OUTPUT_WINDOW, now), Verdict::WaitUntil(now + STALL));
        flow.shown(fast, 1, OUTPUT_WINDOW, now);
        assert_eq!(flow.verdict(OUTPUT_WINDOW, now), Verdict::Read);
        flow.shown(slow, 1, OUTPUT_WINDOW, now);
        flow.detach(fast);
        assert_eq!(flow.verdict(OUTPUT_WINDOW, now), Verdict::Read);
        assert_eq!(flow.verdict(OUTPUT_WINDOW + 1, now), Verdict::WaitUntil(now + STALL));
    }

    #[test]
    fn a_reader_that_shows_nothing_holds_nobody_up_for_long() {
        let (mut flow, now) = (Flow::default(), Instant::now());
        let stuck = flow.attach(0, 0, now);
        flow.written(10, now);
        flow.written(OUTPUT_WINDOW, now + 4 * SECOND);
        assert_eq!(flow.verdict(OUTPUT_WINDOW, now + 4 * SECOND), Verdict::WaitUntil(now + STALL));
        assert_eq!(flow.verdict(OUTPUT_WINDOW, now + STALL), Verdict::Read);
        flow.shown(stuck, 10, 2 * OUTPUT_WINDOW, now + 6 * SECOND);
        assert_eq!(flow.verdict(2 * OUTPUT_WINDOW, now + 6 * SECOND), Verdict::WaitUntil(now + 6 * SECOND + STALL));
    }

    #[test]
    fn a_reader_that_has_seen_everything_is_never_taken_for_stuck() {
        let (mut flow, now) = (Flow::default(), Instant::now());
        let reader = flow.attach(0, 0, now);
        flow.written(10, now);
        flow.shown(reader, 10, 10, now);
        let later = now + 60 * SECOND;
        flow.written(10 + OUTPUT_WINDOW, later);
        assert_eq!(flow.verdict(10 + OUTPUT_WINDOW, later), Verdict::WaitUntil(later + STALL));
    }

    #[test]
    fn one_reader_answers_and_it_is_the_one_that_was_typed_at_last() {
        let (mut flow, now) = (Flow::default(), Instant::now());
        let [first, second] = [0, 0].map(|from| flow.attach(from, 0, now));
        assert_eq!((flow.answers(first), flow.answers(second)), (true, false));
        flow.lead(second);
        assert_eq!((flow.answers(first), flow.answers(second)), (false, true));
        flow.detach(second);
        assert!(flow.answers(first));
    }
}
