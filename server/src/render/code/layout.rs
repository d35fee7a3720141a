//! Which rows a difference has: what is folded, and what stands beside what. Pure.

use std::ops::Range;

use octobot_wire::code::{Layout, RowKind};

use super::Run;

/// Unchanged lines that are shown around a change.
const CONTEXT_LINES: u32 = 3;

/// Fewer lines aren't folded: the fold would take as much room.
const LEAST_FOLD: u32 = 2;

/// A row. What its kind has no line of on one side has the number of the next line there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) kind: RowKind,
    pub(super) old: u32,
    pub(super) new: u32,
    /// The line that it took the place of, or that took its place.
    pub(super) twin: Option<u32>,
    /// How many lines a fold hides.
    pub(super) hidden: u32,
}

impl Row {
    pub(super) fn is_change(&self) -> bool {
        matches!(self.kind, RowKind::Added | RowKind::Removed | RowKind::Replaced)
    }
}

/// The rows of some runs.
pub(super) fn lay_out(runs: &[Run], layout: Layout, open: &[Range<u32>]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        if run.is_same {
            push_same(&mut rows, run, place == 0, place + 1 == runs.len(), open);
        } else if layout == Layout::Split {
            push_beside(&mut rows, run);
        } else {
            push_below(&mut rows, run);
        }
    }
    rows
}

/// Unchanged lines: those near a change and those that were opened, and folds for the rest.
fn push_same(rows: &mut Vec<Row>, run: &Run, is_first: bool, is_last: bool, open: &[Range<u32>]) {
    let length = run.new.end - run.new.start;
    let above = if is_first { 0 } else { CONTEXT_LINES.min(length) };
    let below = if is_last { 0 } else { CONTEXT_LINES.min(length) };
    let is_shown = |at: u32| {
        let line = run.new.start + at;
        at < above || at + below >= length || open.iter().any(|range| range.contains(&line))
    };
    let mut at = 0;
    while at < length {
        let hidden = (at..length).take_while(|at| !is_shown(*at)).zip(0..).last().map_or(0, |(_, count)| count + 1);
        let (old, new) = (run.old.start + at, run.new.start + at);
        if hidden >= LEAST_FOLD {
            rows.push(Row { kind: RowKind::Fold, old, new, twin: None, hidden });
            at += hidden;
        } else {
            rows.push(Row { kind: RowKind::Same, old, new, twin: None, hidden: 0 });
            at += 1;
        }
    }
}

/// First what is gone, then what is new.
fn push_below(rows: &mut Vec<Row>, run: &Run) {
    let paired = paired(run);
    for (place, old) in (0..).zip(run.old.clone()) {
        let twin = (place < paired).then(|| run.new.start + place);
        rows.push(Row { kind: RowKind::Removed, old, new: run.new.start, twin, hidden: 0 });
    }
    for (place, new) in (0..).zip(run.new.clone()) {
        let twin = (place < paired).then(|| run.old.start + place);
        rows.push(Row { kind: RowKind::Added, old: run.old.end, new, twin, hidden: 0 });
    }
}

/// What is gone beside what is new.
fn push_beside(rows: &mut Vec<Row>, run: &Run) {
    let paired = paired(run);
    for place in 0..paired {
        let (old, new) = (run.old.start + place, run.new.start + place);
        rows.push(Row { kind: RowKind::Replaced, old, new, twin: None, hidden: 0 });
    }
    for old in run.old.start + paired..run.old.end {
        rows.push(Row { kind: RowKind::Removed, old, new: run.new.end, twin: None, hidden: 0 });
    }
    for new in run.new.start + paired..run.new.end {
        rows.push(Row { kind: RowKind::Added, old: run.old.end, new, twin: None, hidden: 0 });
    }
}

/// How many lines took the place of others.
fn paired(run: &Run) -> u32 {
    (run.old.end - run.old.start).min(run.new.end - run.new.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten lines, one changed, ten lines, one more at the end.
    fn runs() -> Vec<Run> {
        vec![
            Run { old: 0..10, new: 0..10, is_same: true },
            Run { old: 10..12, new: 10..11, is_same: false },
            Run { old: 12..22, new: 11..21, is_same: true },
            Run { old: 22..22, new: 21..22, is_same: false },
        ]
    }

    fn told(layout: Layout, open: &[Range<u32>]) -> String {
        let word = |row: &Row| match row.kind {
            RowKind::Same => "=".to_owned(),
            RowKind::Added => format!("+{}", row.new),
            RowKind::Removed => format!("-{}", row.old),
            RowKind::Replaced => format!("{}>{}", row.old, row.new),
            RowKind::Fold => format!("[{}]", row.hidden),
        };
        lay_out(&runs(), layout, open).iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_near_a_change_is_shown_and_the_rest_is_folded() {
        assert_eq!(told(Layout::Unified, &[]), "[7] = = = -10 -11 +10 = = = [4] = = = +21");
        assert_eq!(told(Layout::Split, &[]), "[7] = = = 10>10 -11 = = = [4] = = = +21");
    }

    #[test]
    fn what_was_opened_is_shown_and_no_single_line_stays_folded() {
        assert_eq!(told(Layout::Unified, &[0..5, 14..16]), "= = = = = [2] = = = -10 -11 +10 = = = = = [2] = = = +21");
        assert_eq!(
            told(Layout::Split, std::slice::from_ref(&(1..7))),
            "= = = = = = = = = = 10>10 -11 = = = [4] = = = +21"
        );
    }
}
