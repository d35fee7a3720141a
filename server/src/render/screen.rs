//! The last lines of an output, as far up as the cursor can still go, and the cursor.

use std::collections::VecDeque;
use std::mem;

use super::Splice;
use super::html::render_line;
use super::style::Style;

/// How many lines the cursor can reach: as high as the progress displays of package managers and builders get.
const WINDOW_LINES: usize = 50;
/// How many characters the lines that the cursor can reach have together, before the oldest are let go. It bounds
/// both the memory held and how much a small change at the top can make anew.
const WINDOW_CHARACTERS: usize = 32 * 1024;
/// How many characters of a line are shown.
const LINE_CHARACTERS: usize = 16 * 1024;
/// How far to the right of a line's end a sequence can put the cursor. Without it a few bytes would make a long line.
const JUMP_COLUMNS: usize = 256;
const TAB_COLUMNS: usize = 8;

/// A character and its look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    /// The character; never a control character.
    pub(super) character: char,
    /// Its look.
    pub(super) style: Style,
}

#[derive(Debug, Default)]
struct Line {
    /// What is shown, at most [`LINE_CHARACTERS`].
    cells: Vec<Cell>,
    /// How many characters the line has, shown or not.
    width: usize,
}

/// The lines that can still change.
#[derive(Debug)]
pub(super) struct Screen {
    /// The number of the first line of `window`.
    first: u64,
    /// Never empty.
    window: VecDeque<Line>,
    /// The cursor's line, within `window`.
    row: usize,
    column: usize,
    /// The look of what is printed next.
    pub(super) style: Style,
    /// The first line that has changed since the last splice.
    changed: Option<u64>,
    /// How many lines there were at the last splice.
    reported: u64,
    /// The changed lines that have left the window since the last splice, rendered.
    departed: Vec<String>,
}

// === impl Screen ===

impl Default for Screen {
    fn default() -> Self {
        Self {
            first: 0,
            window: VecDeque::from([Line::default()]),
            row: 0,
            column: 0,
            style: Style::PLAIN,
            changed: None,
            reported: 0,
            departed: Vec::new(),
        }
    }
}

impl Screen {
    /// How many lines there are; an empty last one doesn't count.
    pub(super) fn total_lines(&self) -> u64 {
        let last_is_empty = self.window.back().is_none_or(|line| line.width == 0);
        self.first + self.window.len() as u64 - u64::from(last_is_empty)
    }

    /// What has changed since this was last asked.
    pub(super) fn take_splice(&mut self) -> Option<Splice> {
        let end = self.total_lines();
        let from = self.first_unreported().min(end);
        let nothing_changed = from == end && end == self.reported;
        let held = from.saturating_sub(self.first)..end - self.first;
        let mut lines = mem::take(&mut self.departed);
        lines.extend(held.filter_map(|row| usize::try_from(row).ok()).map(|row| self.window[row].render()));
        self.changed = None;
        self.reported = end;
        (!nothing_changed).then_some(Splice { from, lines })
    }

    /// Prints text that holds no escape.
    pub(super) fn print(&mut self, text: &str) {
        for c in text.chars() {
            if matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}') {
                self.control(c);
            } else {
                self.put(c);
            }
        }
    }

    /// Acts on a control character. The bell and padding do nothing; others that don't move the cursor are shown as
    /// a replacement character.
    pub(super) fn control(&mut self, c: char) {
        match c {
            '\n' | '\x0b' | '\x0c' => self.end_line(),
            '\r' => self.column = 0,
            '\t' => self.column = (self.column / TAB_COLUMNS + 1).saturating_mul(TAB_COLUMNS),
            '\x08' => self.left(1),
            '\0' | '\x07' => {}
            _ => self.put(char::REPLACEMENT_CHARACTER),
        }
    }

    pub(super) fn up(&mut self, count: usize) {
        self.row = self.row.saturating_sub(count);
    }

    pub(super) fn up_to_start(&mut self, count: usize) {
        self.up(count);
        self.column = 0;
    }

    pub(super) fn down(&mut self, count: usize) {
        self.row = (self.row + count).min(self.window.len() - 1);
    }

    pub(super) fn down_to_start(&mut self, count: usize) {
        self.down(count);
        self.column = 0;
    }

    pub(super) fn left(&mut self, count: usize) {
        self.column = self.column.saturating_sub(count);
    }

    pub(super) fn right(&mut self, count: usize) {
        self.move_to_column(self.column + count);
    }

    pub(super) fn move_to_column(&mut self, column: usize) {
        let limit = self.window[self.row].cells.len().max(JUMP_COLUMNS).max(self.column);
        self.column = column.min(limit);
    }

    /// Erases from the cursor to the end of the line, from its start to the cursor, or all of it (0, 1, 2).
    pub(super) fn erase_in_line(&mut self, what: u16) {
        let column = self.column;
        let line = self.line();
        match what {
            0 => line.truncate(column),
            1 => line.blank_until(column),
            2 => line.truncate(0),
            _ => {}
        }
    }

    /// Erases from the cursor to the end of the last line.
    pub(super) fn erase_below(&mut self) {
        self.erase_in_line(0);
        self.window.truncate(self.row + 1);
    }

    fn put(&mut self, character: char) {
        let (column, style) = (self.column, self.style);
        self.line().put(column, Cell { character, style });
        self.column += 1;
    }

    /// The cursor's line, which is about to change.
    fn line(&mut self) -> &mut Line {
        let number = self.first + self.row as u64;
        self.changed = Some(self.changed.map_or(number, |changed| changed.min(number)));
        &mut self.window[self.row]
    }

    /// Goes to the start of the next line, and makes it if there is none. Tools print a bare line feed to a pipe.
    fn end_line(&mut self) {
        self.column = 0;
        if self.row + 1 < self.window.len() {
            self.row += 1;
            return;
        }
        let mut line = Line::default();
        let mut characters: usize = self.window.iter().map(|line| line.cells.len()).sum();
        while self.window.len() >= WINDOW_LINES || characters > WINDOW_CHARACTERS {
            let Some(departing) = self.window.pop_front() else { break };
            characters -= departing.cells.len();
            if self.first >= self.first_unreported() {
                self.departed.push(departing.render());
            }
            self.first += 1;
            // Its memory goes to the new line, so that a long output allocates nothing but what leaves.
            line = departing.cleared();
        }
        self.window.push_back(line);
        self.row = self.window.len() - 1;
    }

    /// The first line that a splice has to hold: changed, or never reported.
    fn first_unreported(&self) -> u64 {
        self.changed.map_or(self.reported, |changed| changed.min(self.reported))
    }
}

// === impl Line ===

impl Line {
    const BLANK: Cell = Cell { character: ' ', style: Style::PLAIN };

    fn put(&mut self, column: usize, cell: Cell) {
        self.width = self.width.max(column + 1);
        if column == self.cells.len() && column < LINE_CHARACTERS {
            self.cells.push(cell);
        } else if column < LINE_CHARACTERS {
            if column >= self.cells.len() {
                self.cells.resize(column + 1, Self::BLANK);
            }
            self.cells[column] = cell;
        }
    }

    fn truncate(&mut self, column: usize) {
        self.cells.truncate(column);
        self.width = self.width.min(column);
    }

    fn blank_until(&mut self, column: usize) {
        for cell in self.cells.iter_mut().take(column.saturating_add(1)) {
            *cell = Self::BLANK;
        }
    }

    fn render(&self) -> String {
        render_line(&self.cells, self.width.saturating_sub(LINE_CHARACTERS))
    }

    fn cleared(mut self) -> Self {
        self.truncate(0);
        self
    }
}
