//! A file or a difference as far as it was read: of long ones the rows around what is seen.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::code::{BlameQuery, CodeRow, CodeView, DiffQuery, FileQuery, Layout, MOST_ROWS, RowKind};

use super::blame::Blamed;
use super::store::CodeStore;
use super::view::View;
use crate::calls;

/// The height of a row, in CSS pixels: `--output-line` in the style sheets.
pub const ROW_PX: u32 = 20;

/// How many rows are rendered beyond what is seen, on each side.
const OVERSCAN: u32 = 30;

/// What is rendered before the browser has measured anything.
const GUESSED_VIEW_PX: u32 = 800;

/// So many lines of a long fold are opened at once.
const OPENED: u32 = 200;

/// Lines that a comment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// The first row.
    pub first: u32,
    /// The last.
    pub last: u32,
    /// Whether the lines as they were are meant.
    pub is_old: bool,
}

/// See the module.
#[derive(Clone, Copy)]
pub struct Reader {
    store: StoredValue<CodeStore>,
    /// What is read.
    pub view: StoredValue<View>,
    /// What was told, as far as it was read; none before it is there.
    pub told: RwSignal<Option<Result<CodeView, Problem>>>,
    /// How what was told is laid out.
    pub laid_out: RwSignal<Layout>,
    /// The row that the keyboard is at.
    pub at: RwSignal<u32>,
    /// What a comment is being written about.
    pub chosen: RwSignal<Option<Chosen>>,
    /// Where the lines are from.
    pub blamed: Blamed,
    /// What was chosen before its lines became others: they can't be found again.
    pub lost: RwSignal<Option<Chosen>>,
    /// The box that scrolls.
    pub node: NodeRef<html::Div>,
    seen: RwSignal<(u32, u32)>,
    open: RwSignal<String>,
    /// The number of the last question, whose answer alone counts.
    asked: StoredValue<u32>,
}

impl Reader {
    /// Reads what is to be shown, and again when that changes.
    pub fn new(store: CodeStore, view: View) -> Self {
        let reader = Self {
            store: StoredValue::new(store),
            view: StoredValue::new(view),
            told: RwSignal::new(None),
            laid_out: RwSignal::new(Layout::Unified),
            at: RwSignal::new(0),
            chosen: RwSignal::new(None),
            lost: RwSignal::new(None),
            blamed: Blamed::new(),
            node: NodeRef::new(),
            seen: RwSignal::new((0, GUESSED_VIEW_PX)),
            open: RwSignal::new(String::new()),
            asked: StoredValue::new(0),
        };
        let state = Memo::new(move |_| reader.view.with_value(|view| store.file(&view.path)).map(|file| file.state));
        Effect::new(move |_| {
            // Tracking alone wouldn't have it found out, and what was never found out doesn't change.
            drop(state.get());
            store.layout.track();
            store.turn.track();
            reader.open.track();
            if store.is_running.get() {
                reader.load();
            }
        });
        // What wasn't committed may be by now.
        Effect::new(move |_| {
            store.commits().head.track();
            if reader.blamed.is_on.get_untracked() {
                reader.load();
            }
        });
        reader
    }

    /// What is known of the code.
    pub fn store(self) -> CodeStore {
        self.store.get_value()
    }

    /// Which rows to render: from the first to one past the last.
    pub fn rendered(self) -> (u32, u32) {
        rendered(self.seen.get(), self.total())
    }

    /// How many rows there are.
    pub fn total(self) -> u32 {
        self.told.with(|told| told.as_ref().and_then(|told| told.as_ref().ok()).map_or(0, |told| told.total))
    }

    /// Reads a part of what was told.
    pub fn with<T>(self, read: impl FnOnce(&CodeView) -> T) -> Option<T> {
        self.told.with(|told| told.as_ref().and_then(|told| told.as_ref().ok()).map(read))
    }

    /// A row, if it is held.
    pub fn row(self, place: u32) -> Option<CodeRow> {
        self.told.with_untracked(|told| {
            let told = told.as_ref()?.as_ref().ok()?;
            told.rows.get(place.checked_sub(told.from)? as usize).cloned()
        })
    }

    /// Notes what is seen, and reads what of it isn't held.
    pub fn note_scroll(self) {
        let Some(node) = self.node.get_untracked() else { return };
        self.seen.set((node.scroll_top().unsigned_abs(), node.client_height().unsigned_abs()));
        let is_told = untrack(|| self.with(|_| ()).is_some());
        if is_told && !self.holds_what_is_seen() {
            self.load();
        }
    }

    /// Brings a row into view, and makes it the one that the keyboard is at.
    pub fn go(self, row: u32) {
        self.at.set(row);
        let Some(node) = self.node.get_untracked() else { return };
        let (top, height) = (node.scroll_top().unsigned_abs(), node.client_height().unsigned_abs());
        let place = row * ROW_PX;
        if place < top + ROW_PX || place + 2 * ROW_PX > top + height {
            node.set_scroll_top(i32::try_from(place.saturating_sub(height / 3)).unwrap_or(i32::MAX));
        }
    }

    /// Goes to the next change, or to the one before.
    pub fn step(self, is_forward: bool) {
        let at = self.at.get_untracked();
        let stop = untrack(|| {
            self.with(|told| {
                let stops = &told.stops;
                if is_forward {
                    stops.iter().find(|stop| **stop > at).copied()
                } else {
                    stops.iter().rev().find(|stop| **stop < at).copied()
                }
            })
        });
        if let Some(Some(stop)) = stop {
            self.go(stop);
        }
    }

    /// Shows what a fold hides; of a long one what is nearest to a change.
    pub fn unfold(self, row: &CodeRow) {
        let (Some(new), Ok(hidden)) = (row.new, row.html.parse::<u32>()) else { return };
        let range = match new {
            1 => hidden.saturating_sub(OPENED) + 1..=hidden,
            new => new..=new + hidden.min(OPENED) - 1,
        };
        self.open.update(|open| {
            let before = std::mem::take(open);
            *open = format!("{before},{}-{}", range.start(), range.end());
        });
    }

    /// Reads the rows around what is seen: those that nobody sees yet in a hurry, and once more for colours that took longer.
    pub fn load(self) {
        self.ask(!self.holds_what_is_seen());
        let View { path, is_diff } = self.view.get_value();
        if !is_diff {
            let (from, count) = self.asked_for();
            self.blamed.load(self.store(), BlameQuery { path, from, count });
        }
    }

    /// The first of the rows that are read, and how many they are.
    fn asked_for(self) -> (u32, u32) {
        let first = self.seen.get_untracked().0 / ROW_PX;
        (first.saturating_sub(MOST_ROWS / 3), MOST_ROWS)
    }

    fn holds_what_is_seen(self) -> bool {
        untrack(|| {
            let (first, last) = self.rendered();
            self.with(|told| told.from <= first && last.min(told.total) <= told.from + number(told.rows.len()))
        })
        .unwrap_or(false)
    }

    fn ask(self, hurry: bool) {
        let asked = self.asked.with_value(|asked| asked + 1);
        self.asked.set_value(asked);
        let (from, count) = self.asked_for();
        let View { path, is_diff } = self.view.get_value();
        let (project, session) = (self.store().project(), self.store().session);
        let (layout, open) = (self.store().layout.get_untracked(), self.open.get_untracked());
        let turn = self.store().turn.get_untracked();
        spawn_local(async move {
            let answer = if is_diff {
                calls::load_diff(project, session, DiffQuery { path, turn, layout, open, from, count, hurry }).await
            } else {
                calls::load_file(project, session, FileQuery { path, at: None, from, count, hurry }).await
            };
            if self.asked.try_get_value() == Some(asked) {
                self.laid_out.set(if is_diff { layout } else { Layout::Unified });
                let is_plain = answer.as_ref().is_ok_and(|view| view.is_plain);
                self.take(answer.map_err(|failure| failure.0));
                if is_plain {
                    self.ask(false);
                }
            }
        });
    }

    /// Lets what is chosen be the same lines, at whatever places they are now.
    fn follow_chosen(self, answer: &Result<CodeView, Problem>) {
        let Some(chosen) = self.chosen.get_untracked() else { return };
        let place_of = |row: u32| {
            let row = self.row(row)?;
            let told = answer.as_ref().ok()?;
            let is_it = |other: &CodeRow| (other.kind, other.old, other.new) == (row.kind, row.old, row.new);
            Some(told.from + number(told.rows.iter().position(is_it)?))
        };
        match (place_of(chosen.first), place_of(chosen.last)) {
            (Some(first), Some(last)) if last.checked_sub(first) == Some(chosen.last - chosen.first) => {
                let moved = Chosen { first, last, ..chosen };
                if moved != chosen {
                    self.chosen.set(Some(moved));
                }
                self.lost.set(None);
            }
            _ => self.lost.set(Some(chosen)),
        }
    }

    /// Takes what was told. What is seen stays where it is, also when rows come or go above it.
    fn take(self, answer: Result<CodeView, Problem>) {
        let top = self.node.get_untracked().map(|node| node.scroll_top().unsigned_abs());
        let anchor = top.filter(|top| *top > 0).and_then(|top| Some((top, self.row(top / ROW_PX)?.new?)));
        let moved = anchor.and_then(|(top, line)| {
            let told = answer.as_ref().ok()?;
            let is_it = |row: &CodeRow| row.new == Some(line) && row.kind != RowKind::Fold;
            let place = told.from + number(told.rows.iter().position(is_it)?);
            Some(place * ROW_PX + top % ROW_PX).filter(|moved| *moved != top)
        });
        self.follow_chosen(&answer);
        self.told.set(Some(answer));
        if let (Some(top), Some(node)) = (moved, self.node.get_untracked()) {
            request_animation_frame(move || node.set_scroll_top(i32::try_from(top).unwrap_or(i32::MAX)));
        }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Which rows to render for what is seen: from the first to one past the last.
fn rendered((scroll_px, height_px): (u32, u32), total: u32) -> (u32, u32) {
    let visible = height_px / ROW_PX + 1;
    let first = (scroll_px / ROW_PX).min(total.saturating_sub(visible));
    (first.saturating_sub(OVERSCAN), (first + visible + OVERSCAN).min(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_as_high_here_as_in_the_style_sheets() {
        let tokens = include_str!("../../../../style/tokens.css");
        assert!(tokens.contains(&format!("--output-line: {ROW_PX}px;")));
    }

    #[test]
    fn only_rows_near_what_is_seen_are_rendered() {
        assert_eq!(rendered((0, 400), 100_000), (0, 51));
        assert_eq!(rendered((20_000, 400), 100_000), (970, 1_051));
        assert_eq!(rendered((u32::MAX, 400), 100_000), (99_949, 100_000));
        assert_eq!(rendered((0, 400), 3), (0, 3));
    }
}
