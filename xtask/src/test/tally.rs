//! Counting what test runners did, from what they print.

use std::fmt;
use std::ops::AddAssign;

/// How a test says that it can't run here: `SKIPPED: what: why`.
const SKIPPED: &str = "SKIPPED: ";

/// How many passed, failed and were skipped.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Did what they should.
    pub passed: usize,
    /// Didn't.
    pub failed: usize,
    /// Couldn't run.
    pub skipped: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Reads the output of nextest or, where there is none of it, of cargo's own runner: nextest's output may hold the
/// other's, because it shows what each test process has printed. A run that ended early has neither.
pub fn read(output: &[String]) -> Option<Tally> {
    let nextest = output.iter().filter_map(|line| nextest_summary(line)).reduce(add);
    nextest.or_else(|| output.iter().filter_map(|line| libtest_summary(line)).reduce(add))
}

fn add(mut all: Tally, one: Tally) -> Tally {
    all += one;
    all
}

/// What tests said they skipped, without the marker.
pub fn skips(output: &[String]) -> Vec<String> {
    output.iter().filter_map(|line| line.trim_start().strip_prefix(SKIPPED)).map(str::to_owned).collect()
}

/// Whether this line begins the summary of nextest.
pub fn is_nextest_summary(line: &str) -> bool {
    nextest_summary(line).is_some()
}

/// `     Summary [   0.02s] 5 tests run: 3 passed (1 slow), 1 failed, 1 timed out, 2 skipped`. What a filter leaves
/// out is called skipped there, so that is not counted; `#[ignore]` is not used in this repository.
fn nextest_summary(line: &str) -> Option<Tally> {
    let (_, counts) = line.trim_start().strip_prefix("Summary [")?.split_once(" run: ")?;
    Some(read_counts(counts.split(", "), &["failed", "exec failed", "timed out"], &[]))
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
fn libtest_summary(line: &str) -> Option<Tally> {
    let (_, counts) = line.trim_start().strip_prefix("test result: ")?.split_once(". ")?;
    Some(read_counts(counts.split("; "), &["failed"], &["ignored"]))
}

fn read_counts<'a>(counts: impl Iterator<Item = &'a str>, failed: &[&str], skipped: &[&str]) -> Tally {
    let mut tally = Tally::default();
    for count in counts {
        let Some((number, kind)) = count.split_once(' ') else { continue };
        let Ok(number) = number.parse::<usize>() else { continue };
        let kind = kind.split(" (").next().unwrap_or(kind);
        match kind {
            "passed" => tally.passed += number,
            kind if failed.contains(&kind) => tally.failed += number,
            kind if skipped.contains(&kind) => tally.skipped += number,
            _ => {}
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(output: &str, expected: Option<(usize, usize, usize)>) {
        let lines: Vec<_> = output.lines().map(str::to_owned).collect();
        let expected = expected.map(|(passed, failed, skipped)| Tally { passed, failed, skipped });
        assert_eq!(read(&lines), expected, "{output}");
    }

    #[test]
    fn the_summary_of_nextest_is_read() {
        check("     Summary [   0.017s] 12 tests run: 12 passed, 0 skipped", Some((12, 0, 0)));
        check(
            "Summary [ 1.0s] 9 tests run: 5 passed (1 slow, 2 leaky), 3 failed, 1 timed out, 4 skipped",
            Some((5, 4, 0)),
        );
        check("     Summary [   0.017s] 5/12 tests run: 4 passed, 1 failed, 0 skipped", Some((4, 1, 0)));
    }

    #[test]
    fn the_summaries_of_cargos_runner_are_added_up() {
        let one = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        let two = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        check(&format!("{one}\nnoise\n{two}"), Some((4, 2, 1)));
    }

    #[test]
    fn what_nextest_shows_of_its_test_processes_is_not_counted_again() {
        let shown = "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 30 filtered out";
        check(&format!("{shown}\n     Summary [ 0.1s] 2 tests run: 1 passed, 1 failed, 0 skipped"), Some((1, 1, 0)));
    }

    #[test]
    fn output_without_a_summary_has_no_counts() {
        check("error: could not compile `octobot`", None);
    }

    #[test]
    fn skips_are_found_at_any_indentation() {
        let output = ["    SKIPPED: the store on Postgres: no server", "not SKIPPED: this"].map(str::to_owned);
        assert_eq!(skips(&output), ["the store on Postgres: no server"]);
    }
}
