//! What git says on its error stream: progress, and the last words before it fails.

use std::collections::VecDeque;

/// How many lines are kept of what git says when it fails.
const KEPT_LINES: usize = 8;
/// How much of one line is kept, in characters.
const LINE_CHARACTERS: usize = 400;

/// How far git is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What git says it is doing, for instance `Receiving objects`.
    pub step: String,
    /// How much of that is done, 0 to 100, where git says so.
    pub percent: Option<u8>,
}

impl Progress {
    /// Reads a line such as `Receiving objects:  42% (420/1000), 1.2 MiB | 3 MiB/s`; none when it isn't one.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let line = line.strip_prefix("remote: ").unwrap_or(line);
        let (step, rest) = line.split_once(": ")?;
        let rest = rest.trim_start();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let is_step = step.starts_with(|c: char| c.is_ascii_uppercase())
            && step.len() <= 40
            && step.bytes().all(|b| b.is_ascii_alphabetic() || b == b' ');
        if !is_step || number.is_empty() {
            return None;
        }
        let percent = after.strip_prefix('%').and_then(|_| number.parse().ok()).filter(|percent| *percent <= 100);
        let is_progress = percent.is_some() || after.is_empty() || after.starts_with(',');
        is_progress.then(|| Self { step: step.to_owned(), percent })
    }
}

/// Cuts an error stream into lines, at line feeds and carriage returns.
#[derive(Debug, Default)]
pub(super) struct ErrorLines {
    current: Vec<u8>,
    last: VecDeque<String>,
}

// === impl ErrorLines ===

impl ErrorLines {
    /// Takes more of the stream; `progress` hears what is progress, the rest is kept for [`ErrorLines::last_words`].
    pub(super) fn push(&mut self, bytes: &[u8], mut progress: impl FnMut(Progress)) {
        for &byte in bytes {
            if byte == b'\n' || byte == b'\r' {
                self.end_line(&mut progress);
            } else if self.current.len() < 4 * LINE_CHARACTERS {
                self.current.push(byte);
            }
        }
    }

    /// The last lines that weren't progress, on one line, without control characters: a remote can say anything.
    pub(super) fn last_words(mut self) -> String {
        self.end_line(&mut |_| {});
        self.last.make_contiguous().join(" / ")
    }

    fn end_line(&mut self, progress: &mut impl FnMut(Progress)) {
        let line = printable(&String::from_utf8_lossy(&self.current));
        self.current.clear();
        let line = line.trim_end();
        match Progress::parse(line) {
            Some(step) => progress(step),
            None if line.is_empty() => {}
            None => {
                if self.last.len() == KEPT_LINES {
                    self.last.pop_front();
                }
                self.last.push_back(line.to_owned());
            }
        }
    }
}

/// The text without characters that a terminal or a page would act on, and not longer than a line should be.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .filter(|c| {
            !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .take(LINE_CHARACTERS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: &str, percent: Option<u8>) -> Progress {
        Progress { step: step.to_owned(), percent }
    }

    #[test]
    fn progress_lines_are_read() {
        let line = "Receiving objects:  42% (420/1000), 1.2 MiB | 3 MiB/s";
        assert_eq!(Progress::parse(line), Some(step("Receiving objects", Some(42))));
        let line = "remote: Counting objects: 100% (3/3), done.";
        assert_eq!(Progress::parse(line), Some(step("Counting objects", Some(100))));
        let line = "remote: Enumerating objects: 37, done.";
        assert_eq!(Progress::parse(line), Some(step("Enumerating objects", None)));
    }

    #[test]
    fn other_lines_are_no_progress() {
        for line in ["fatal: 404 not found", "Cloning into bare repository 'x'...", "Port: 22 refused", "", "a: 1%"] {
            assert_eq!(Progress::parse(line), None, "{line}");
        }
    }

    #[test]
    fn the_last_words_leave_out_progress_and_control_characters() {
        let mut lines = ErrorLines::default();
        let mut heard = Vec::new();
        lines.push(b"Receiving objects:   1% (1/9)\rReceiving obj", |progress| heard.push(progress));
        lines.push(b"ects: 100% (9/9), done.\nremote: \x1b]0;t\x07no\nfatal: it \xff broke", |step| heard.push(step));
        assert_eq!(heard, [step("Receiving objects", Some(1)), step("Receiving objects", Some(100))]);
        assert_eq!(lines.last_words(), "remote: ]0;tno / fatal: it \u{fffd} broke");
    }
}
