//! Progress on the terminal: one line for each step, with its duration. On a terminal the line lives while the step
//! runs; in a log it is written once, when the step has ended.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Result;

/// A line may not wrap, or it couldn't be overwritten.
const LIVE_WIDTH: usize = 100;

/// A step that runs.
#[derive(Debug)]
pub struct Step {
    title: String,
    started: Instant,
    note: String,
    live: bool,
}

/// Runs a step and writes its line.
pub fn step<T>(title: &str, work: impl FnOnce(&mut Step) -> Result<T>) -> Result<T> {
    let mut step = Step {
        title: title.to_owned(),
        started: Instant::now(),
        note: String::new(),
        live: io::stderr().is_terminal(),
    };
    step.show("");
    let result = work(&mut step);
    step.finish(if result.is_ok() { '✓' } else { '✗' });
    result
}

/// Writes the line of a step whose earlier result still holds.
pub fn unchanged(title: &str) {
    let started = Instant::now();
    Step { title: title.to_owned(), started, note: "unchanged".to_owned(), live: false }.finish('✓');
}

impl Step {
    /// Adds a word to the step's line, such as a size.
    pub fn note(&mut self, note: impl Into<String>) {
        self.note = note.into();
    }

    /// Says that the result of an earlier run still holds.
    pub fn unchanged(&mut self) {
        self.note("unchanged");
    }

    /// Shows what the step is at, where someone is looking.
    pub fn show(&self, detail: &str) {
        if !self.live {
            return;
        }
        let line = format!("  … {}  {}", self.title, detail.trim());
        let line: String = line.chars().filter(|c| !c.is_control()).take(LIVE_WIDTH).collect();
        write(&format!("\r\x1b[2K{line}"));
    }

    fn finish(&self, mark: char) {
        let clear = if self.live { "\r\x1b[2K" } else { "" };
        let duration = duration(self.started.elapsed());
        let Self { title, note, .. } = self;
        write(&format!("{clear}  {mark} {title:<44} {duration:>8}  {note}\n"));
    }
}

/// A closed terminal must not end a build.
fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// A duration with the precision that a reader needs.
pub fn duration(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        seconds @ 1..60 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        seconds => format!("{} m {:02} s", seconds / 60, seconds % 60),
    }
}

/// A size in kilobytes of 1,000 bytes.
pub fn kilobytes(bytes: u64) -> String {
    format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_with_the_precision_a_reader_needs() {
        assert_eq!(duration(Duration::from_millis(7)), "7 ms");
        assert_eq!(duration(Duration::from_millis(1250)), "1.2 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 m 05 s");
    }

    #[test]
    fn sizes_are_written_in_kilobytes_with_one_digit() {
        assert_eq!(kilobytes(349_960), "349.9 KB");
        assert_eq!(kilobytes(99), "0.0 KB");
    }
}
