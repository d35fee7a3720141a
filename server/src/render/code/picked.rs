//! Which lines take the place of which where somebody has picked some of a difference to go back. Pure.

use std::ops::Range;

use octobot_wire::code::LineSpan;

use super::Run;

/// The lines that come back and those whose place they take: of all changes that were picked lines of, as far as these were picked, or
/// as a whole. Where a line took another one's place, the other comes back in that place.
pub(super) fn picked(runs: &[Run], old: &Range<u32>, new: &Range<u32>, is_whole: bool) -> Vec<LineSpan> {
    let mut spans = Vec::new();
    for run in runs.iter().filter(|run| !run.is_same && (meet(&run.old, old) || meet(&run.new, new))) {
        if is_whole {
            spans.push(LineSpan { old: (run.old.start, run.old.end), new: (run.new.start, run.new.end) });
        } else {
            push_pairs(&mut spans, run, old, new);
        }
    }
    spans
}

/// The lines that some old ones are among the new ones, as far as they are there: from the first to the last.
pub(super) fn carried(runs: &[Run], old: &Range<u32>) -> Range<u32> {
    let part = |run: &Run| {
        let (start, end) = (run.old.start.max(old.start), run.old.end.min(old.end));
        (run.is_same && start < end)
            .then(|| run.new.start + (start - run.old.start)..run.new.start + (end - run.old.start))
    };
    let mut parts = runs.iter().filter_map(part);
    let Some(first) = parts.next() else { return 0..0 };
    first.start..parts.next_back().map_or(first.end, |last| last.end)
}

fn push_pairs(spans: &mut Vec<LineSpan>, run: &Run, old: &Range<u32>, new: &Range<u32>) {
    let length = (run.old.end - run.old.start).max(run.new.end - run.new.start);
    for at in 0..length {
        let old = of_pair(&run.old, at, old);
        let new = of_pair(&run.new, at, new);
        if old.0 == old.1 && new.0 == new.1 {
            continue;
        }
        match spans.last_mut() {
            Some(last) if last.old.1 == old.0 && last.new.1 == new.0 => (last.old.1, last.new.1) = (old.1, new.1),
            _ => spans.push(LineSpan { old, new }),
        }
    }
}

/// One line of a change's side, or the place of none where it has no such line or that wasn't picked.
fn of_pair(side: &Range<u32>, at: u32, picked: &Range<u32>) -> (u32, u32) {
    let line = (side.start + at).min(side.end);
    if line < side.end && picked.contains(&line) { (line, line + 1) } else { (line, line) }
}

fn meet(one: &Range<u32>, other: &Range<u32>) -> bool {
    one.start.max(other.start) < one.end.min(other.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two lines in the place of three, and one more further down.
    fn runs() -> Vec<Run> {
        vec![
            Run { old: 0..10, new: 0..10, is_same: true },
            Run { old: 10..13, new: 10..12, is_same: false },
            Run { old: 13..20, new: 12..19, is_same: true },
            Run { old: 20..20, new: 19..20, is_same: false },
        ]
    }

    fn told(old: Range<u32>, new: Range<u32>, is_whole: bool) -> Vec<[u32; 4]> {
        let spans = picked(&runs(), &old, &new, is_whole);
        spans.iter().map(|span| [span.old.0, span.old.1, span.new.0, span.new.1]).collect()
    }

    #[test]
    fn a_change_goes_back_as_a_whole_if_one_of_its_lines_was_picked() {
        assert_eq!(told(12..13, 0..0, true), [[10, 13, 10, 12]]);
        assert_eq!(told(0..0, 11..20, true), [[10, 13, 10, 12], [20, 20, 19, 20]]);
        assert_eq!(told(10..13, 10..12, false), [[10, 13, 10, 12]]);
    }

    #[test]
    fn single_lines_go_back_to_their_places() {
        assert_eq!(told(11..12, 0..0, false), [[11, 12, 11, 11]]);
        assert_eq!(told(0..0, 10..11, false), [[10, 10, 10, 11]]);
        assert_eq!(told(12..13, 0..0, false), [[12, 13, 12, 12]]);
        assert_eq!(told(10..11, 11..20, false), [[10, 11, 10, 10], [11, 11, 11, 12], [20, 20, 19, 20]]);
    }

    #[test]
    fn lines_are_found_again_as_far_as_they_are_there() {
        assert_eq!(carried(&runs(), &(2..4)), 2..4);
        assert_eq!(carried(&runs(), &(8..14)), 8..13);
        assert_eq!(carried(&runs(), &(10..13)), 0..0);
        assert_eq!(carried(&runs(), &(14..40)), 13..19);
    }

    #[test]
    fn unchanged_lines_are_none() {
        assert_eq!(told(0..10, 0..10, true), [[0; 4]; 0]);
        assert_eq!(told(0..0, 0..0, false), [[0; 4]; 0]);
    }
}
