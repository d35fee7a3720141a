//! Files and their differences as rows of HTML: with numbers, with the colours of their languages, and with the words marked that
//! changed within a line.
//!
//! A file may have 100,000 lines and more: which rows there are is found out at once, and what is in a row when it is asked for.

mod compare;
mod layout;
mod marks;
mod picked;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Instant;

use octobot_wire::code::{CodeRow, FileHunk, Layout, LineSpan, MOST_ROWS, RowKind};

pub use self::compare::Run;
use self::compare::compare;
use self::layout::{Row, lay_out};
use self::marks::marked;
use self::picked::{carried, picked};
use super::highlight::{Colours, Span};
use super::text::{push_char, push_formatted};

/// How many characters of a line are shown.
const MAX_CHARACTERS: usize = 2_000;

/// So many places are told at which changes begin.
const MOST_STOPS: usize = 10_000;

/// A file's text, line by line.
#[derive(Debug)]
pub struct Text {
    whole: String,
    lines: Vec<Range<usize>>,
    colours: Mutex<Colours>,
}

/// Two states of a file, compared.
#[derive(Debug)]
pub struct Comparison {
    old: Arc<Text>,
    new: Arc<Text>,
    runs: Vec<Run>,
}

/// Which of the colours that are wanted are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    All,
    Some,
    Nothing,
}

/// The same of both texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sides {
    old: Found,
    new: Found,
}

/// Rows of a file or a difference.
#[derive(Debug)]
pub struct Rows {
    /// Those that were asked for.
    pub rows: Vec<CodeRow>,
    /// The first of them.
    pub from: u32,
    /// How many there are in all.
    pub total: u32,
    /// Where changes begin.
    pub stops: Vec<u32>,
    /// Whether there was no time for all colours.
    pub is_plain: bool,
}

// === impl Text ===

impl Text {
    /// The text of a file, whose name says what language it is in; none of a file that isn't text, by what git takes for it.
    pub fn of(path: &str, bytes: &[u8]) -> Option<Self> {
        const LOOKED_AT: usize = 8_000;
        if bytes[..bytes.len().min(LOOKED_AT)].contains(&0) {
            return None;
        }
        let whole = String::from_utf8_lossy(bytes).into_owned();
        let mut lines = Vec::new();
        let mut begin = 0;
        for line in whole.split_inclusive('\n') {
            lines.push(begin..begin + line.len());
            begin += line.len();
        }
        let colours = Mutex::new(Colours::of(path, &whole));
        Some(Self { whole, lines, colours })
    }

    /// How large it is, in bytes.
    pub fn bytes(&self) -> usize {
        self.whole.len()
    }

    /// Rows of the file alone, with the colours that are found out until a time.
    pub fn rows(&self, from: u32, count: u32, time: Option<Instant>) -> Rows {
        let total = number(self.lines.len());
        let from = from.min(total);
        let until = from.saturating_add(count.min(MOST_ROWS)).min(total);
        let found = self.colour(until, time);
        let row = |line: u32| {
            let html = self.html(line as usize, &[], found);
            CodeRow { kind: RowKind::Same, old: None, new: Some(line + 1), html, right: String::new() }
        };
        Rows { rows: (from..until).map(row).collect(), from, total, stops: Vec::new(), is_plain: found != Found::All }
    }

    fn line(&self, line: usize) -> &str {
        &self.whole[self.lines[line].clone()]
    }

    /// The words of a line without its end.
    fn words(&self, line: usize) -> &str {
        let line = self.line(line);
        line.strip_suffix('\n').unwrap_or(line)
    }

    /// Finds out the colours of so many lines, until a time, and says how far it came.
    fn colour(&self, lines: u32, until: Option<Instant>) -> Found {
        let mut colours = match self.colours.try_lock() {
            Ok(colours) => colours,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody who isn't in a hurry is finding them out.
            Err(TryLockError::WouldBlock) if until.is_some() => return Found::Nothing,
            Err(TryLockError::WouldBlock) => self.colours.lock().unwrap_or_else(PoisonError::into_inner),
        };
        if colours.find_out(&self.whole, &self.lines, lines as usize, until) { Found::All } else { Found::Some }
    }

    /// A line as HTML, with some of its bytes marked.
    fn html(&self, line: usize, marks: &[Range<usize>], found: Found) -> String {
        let mut html = String::new();
        if found == Found::Nothing {
            push_line(&mut html, self.words(line), &[], marks);
        } else {
            let colours = self.colours.lock().unwrap_or_else(PoisonError::into_inner);
            push_line(&mut html, self.words(line), colours.of_line(line), marks);
        }
        html
    }

    /// Whether a line is the last and has no end, where another text's has.
    fn lacks_end(&self, line: usize) -> bool {
        line + 1 == self.lines.len() && !self.line(line).ends_with('\n')
    }
}

// === impl Comparison ===

impl Comparison {
    /// Compares two texts.
    pub fn of(old: Arc<Text>, new: Arc<Text>) -> Self {
        let runs = compare(&lines(&old), &lines(&new));
        Self { old, new, runs }
    }

    /// Rows of the difference, with the colours that are found out until a time. `open` are unchanged lines to show besides those
    /// around a change, by their new numbers.
    pub fn rows(&self, layout: Layout, open: &[Range<u32>], from: u32, count: u32, time: Option<Instant>) -> Rows {
        let all = lay_out(&self.runs, layout, open);
        let total = number(all.len());
        let from = from.min(total);
        let until = from.saturating_add(count.min(MOST_ROWS)).min(total);
        let shown = &all[from as usize..until as usize];
        let last = |line: fn(&Row) -> Option<u32>| shown.iter().filter_map(line).max().map_or(0, |line| line + 1);
        let is_old = |row: &Row| matches!(row.kind, RowKind::Removed | RowKind::Replaced).then_some(row.old);
        let is_new = |row: &Row| (!matches!(row.kind, RowKind::Removed | RowKind::Fold)).then_some(row.new);
        let found = Sides { old: self.old.colour(last(is_old), time), new: self.new.colour(last(is_new), time) };
        let rows = shown.iter().map(|row| self.row(row, layout, found)).collect();
        let begins = |place: usize| all[place].is_change() && (place == 0 || !all[place - 1].is_change());
        let stops = (0..all.len()).filter(|place| begins(*place)).map(number).take(MOST_STOPS).collect();
        Rows { rows, from, total, stops, is_plain: found != Sides { old: Found::All, new: Found::All } }
    }

    /// The first changes, each with the lines that took the place of others and the first of its rows, and how many more there are.
    pub fn hunks(&self, most: usize, most_rows: usize) -> (Vec<FileHunk>, u32) {
        let changes = || self.runs.iter().filter(|run| !run.is_same);
        let (old, new) = changes().take(most).last().map_or((0, 0), |last| (last.old.end, last.new.end));
        // They are waited for.
        let found = Sides { old: self.old.colour(old, None), new: self.new.colour(new, None) };
        let hunks = changes().take(most).map(|run| {
            let all = lay_out(std::slice::from_ref(run), Layout::Unified, &[]);
            let rows = all.iter().take(most_rows).map(|row| self.row(row, Layout::Unified, found)).collect();
            let span = LineSpan { old: (run.old.start, run.old.end), new: (run.new.start, run.new.end) };
            FileHunk { span, rows, unlisted: number(all.len().saturating_sub(most_rows)) }
        });
        (hunks.collect(), number(changes().count().saturating_sub(most)))
    }

    /// Lines that were picked to go back: those that come back, and those whose place they take.
    pub fn picked(&self, old: &Range<u32>, new: &Range<u32>, is_whole: bool) -> Vec<LineSpan> {
        picked(&self.runs, old, new, is_whole)
    }

    /// The lines that some of the old text's are in the new one, as far as they are there: from the first to the last.
    pub fn carried(&self, old: &Range<u32>) -> Range<u32> {
        carried(&self.runs, old)
    }

    fn row(&self, row: &Row, layout: Layout, found: Sides) -> CodeRow {
        let (kind, old, new) = (row.kind, row.old, row.new);
        let is_split = layout == Layout::Split;
        let (html, right) = match kind {
            RowKind::Fold => (row.hidden.to_string(), String::new()),
            RowKind::Same => (self.new.html(new as usize, &[], found.new), String::new()),
            RowKind::Removed => (self.old_side(row.twin.map(|twin| (old, twin)), old, found), String::new()),
            RowKind::Added => {
                let html = self.new_side(row.twin.map(|twin| (twin, new)), new, found);
                if is_split { (String::new(), html) } else { (html, String::new()) }
            }
            RowKind::Replaced => {
                let twins = Some((old, new));
                (self.old_side(twins, old, found), self.new_side(twins, new, found))
            }
        };
        let has_old = !matches!(kind, RowKind::Added);
        let has_new = !matches!(kind, RowKind::Removed);
        CodeRow { kind, old: has_old.then(|| old + 1), new: has_new.then(|| new + 1), html, right }
    }

    /// A line as it was, marked where it differs from the line that took its place.
    fn old_side(&self, twins: Option<(u32, u32)>, line: u32, found: Sides) -> String {
        side(&self.old, line, &self.marks(twins).0, found.old)
    }

    /// A line as it is, marked where it differs from the line whose place it took.
    fn new_side(&self, twins: Option<(u32, u32)>, line: u32, found: Sides) -> String {
        side(&self.new, line, &self.marks(twins).1, found.new)
    }

    fn marks(&self, twins: Option<(u32, u32)>) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
        twins.map(|(old, new)| marked(self.old.words(old as usize), self.new.words(new as usize))).unwrap_or_default()
    }
}

fn side(text: &Text, line: u32, marks: &[Range<usize>], found: Found) -> String {
    let mut html = text.html(line as usize, marks, found);
    if text.lacks_end(line as usize) {
        html.push_str("<span class=\"code-end\"></span>");
    }
    html
}

fn lines(text: &Text) -> Vec<&str> {
    (0..text.lines.len()).map(|line| text.line(line)).collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Writes a line, whose spans and marks are ranges of its bytes in order.
fn push_line(html: &mut String, line: &str, spans: &[Span], marks: &[Range<usize>]) {
    let shown = line.char_indices().nth(MAX_CHARACTERS).map_or(line, |(at, _)| &line[..at]);
    let (mut spans, mut marks) = (spans.iter().peekable(), marks.iter().peekable());
    let (mut class, mut is_marked) = (None, false);
    let mut is_open = false;
    for (at, c) in shown.char_indices() {
        while spans.next_if(|span| span.end <= at).is_some() {}
        while marks.next_if(|mark| mark.end <= at).is_some() {}
        let now = spans.peek().filter(|span| span.begin <= at).map(|span| span.class);
        let now_marked = marks.peek().is_some_and(|mark| mark.start <= at);
        if (now, now_marked) != (class, is_marked) || at == 0 {
            if is_open {
                html.push_str("</span>");
            }
            (class, is_marked) = (now, now_marked);
            is_open = class.is_some() || is_marked;
            if is_open {
                let mark = if is_marked { " code-mark" } else { "" };
                push_formatted(html, format_args!("<span class=\"{}{mark}\">", class.unwrap_or_default()));
            }
        }
        match c {
            '\r' => html.push_str("<span class=\"ansi-control\">CR</span>"),
            c => push_char(html, c),
        }
    }
    if is_open {
        html.push_str("</span>");
    }
    if shown.len() < line.len() {
        html.push('…');
    }
}

#[cfg(test)]
mod tests;
