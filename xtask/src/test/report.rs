//! What is known so far of a run of all tests, and what its reader is told.

use anyhow::Result;

use super::tally::Tally;
use crate::progress::{self, Step};

/// The counts so far, and what went wrong.
#[derive(Debug)]
pub struct Report {
    tally: Tally,
    strict: bool,
    failures: Vec<String>,
}

impl Report {
    /// Nothing has run yet.
    pub fn new(strict: bool) -> Self {
        Self { tally: Tally::default(), strict, failures: Vec::new() }
    }

    /// Whether what is skipped counts as failed.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Runs a step that counts as one, and shows its error at once.
    pub fn check<T>(&mut self, title: &str, work: impl FnOnce(&mut Step) -> Result<T>) -> Option<T> {
        match progress::step(title, work) {
            Ok(value) => {
                self.passed();
                Some(value)
            }
            Err(error) => {
                self.failed(title, &error);
                None
            }
        }
    }

    /// Counts one success.
    pub fn passed(&mut self) {
        self.tally.passed += 1;
    }

    /// Counts one failure, and shows why.
    pub fn failed(&mut self, title: &str, error: &anyhow::Error) {
        eprintln!("{error:#}");
        self.tally.failed += 1;
        self.failures.push(title.to_owned());
    }

    /// Counts something that can't be done here.
    pub fn skip(&mut self, what: &str, why: &str) {
        self.skipped(&format!("{what}: {why}"));
    }

    /// Adds the counts of a test runner, with the lines of what its tests skipped.
    pub fn add(&mut self, title: &str, tally: Tally, skips: &[String]) {
        if tally.failed > 0 {
            self.failures.push(format!("{title}: {} failed", tally.failed));
        }
        self.tally += Tally { passed: tally.passed.saturating_sub(skips.len()), ..tally };
        for skip in skips {
            self.skipped(skip);
        }
    }

    /// Writes the last lines, and says whether everything is well.
    pub fn finish(self) -> bool {
        for failure in &self.failures {
            eprintln!("FAILED: {failure}");
        }
        println!("{}", self.tally);
        self.tally.failed == 0
    }

    fn skipped(&mut self, line: &str) {
        eprintln!("SKIPPED: {line}");
        self.count_skip(line);
    }

    fn count_skip(&mut self, line: &str) {
        if self.strict {
            self.tally.failed += 1;
            self.failures.push(format!("{line} (nothing may be skipped)"));
        } else {
            self.tally.skipped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_a_skip(strict: bool) -> Tally {
        let mut report = Report::new(strict);
        report.passed();
        // Not through what prints the line: whoever runs this test would count it as one that was skipped.
        report.count_skip("a store: no Postgres");
        report.tally
    }

    #[test]
    fn what_was_skipped_is_counted_apart() {
        assert_eq!(after_a_skip(false), Tally { passed: 1, failed: 0, skipped: 1 });
    }

    #[test]
    fn where_nothing_may_be_skipped_a_skip_is_a_failure() {
        assert_eq!(after_a_skip(true), Tally { passed: 1, failed: 1, skipped: 0 });
    }
}
