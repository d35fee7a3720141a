//! Which lines of two texts are the same. Pure.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// Lines that are the same, or others in place of some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The lines as they were, counted from 0.
    pub old: Range<u32>,
    /// The lines as they are.
    pub new: Range<u32>,
    /// Whether they are the same.
    pub is_same: bool,
}

/// Compares lines. Runs that are the same and runs that aren't take turns.
///
/// By histograms, as git does it on request: in time that grows with the lines, not with how many of them differ, and with the
/// lines together that belong together.
pub(super) fn compare(old: &[&str], new: &[&str]) -> Vec<Run> {
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let mut runs = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    for hunk in diff.hunks() {
        if old_at < hunk.before.start {
            runs.push(Run { old: old_at..hunk.before.start, new: new_at..hunk.after.start, is_same: true });
        }
        (old_at, new_at) = (hunk.before.end, hunk.after.end);
        runs.push(Run { old: hunk.before, new: hunk.after, is_same: false });
    }
    let (old_end, new_end) = (count(old), count(new));
    if old_at < old_end {
        runs.push(Run { old: old_at..old_end, new: new_at..new_end, is_same: true });
    }
    runs
}

fn count(lines: &[&str]) -> u32 {
    u32::try_from(lines.len()).unwrap_or(u32::MAX)
}
