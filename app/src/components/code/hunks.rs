//! Throwing away or staging lines of a difference: all that changed in one place, or those that were chosen.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::code::{CodeRow, DiscardLines, FileKind, LineRange, RowKind, Shape};

use super::discarding::tell_discarded;
use super::reader::{Chosen, Reader};
use super::staging::{chosen_stagers, hunk_stagers};
use super::view::{name_of, shown};
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::frame::toasts::Toasts;

/// Lines that are to go back, or to be staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picked {
    /// Of those that are gone.
    pub old: Option<LineRange>,
    /// Of those that are new.
    pub new: Option<LineRange>,
    /// How many rows they are; none of all that changed in their place.
    pub rows: Option<usize>,
}

/// The button of the place in which a row is the first that changed.
pub fn hunk_button(reader: Reader, toasts: Toasts, place: u32, row: &CodeRow) -> AnyView {
    let picked = around(row);
    let begins =
        move || reader.with(|told| told.stops.binary_search(&place).is_ok()) == Some(true) && reader_has_lines(reader);
    dynamic(move || {
        begins().then(|| {
            view! {
                <span class="code__hunk">
                    {hunk_stagers(reader, toasts, picked)}
                    <button
                        type="button"
                        class="code__discard"
                        tabindex="-1"
                        title=meaning(reader)
                        on:click=move |_| discard(reader, toasts, picked)
                    >
                        "Discard hunk"
                    </button>
                </span>
            }
            .into_any()
        })
    })
    .into_any()
}

/// Throws away all that changed in the place of a row; nothing where that didn't change.
pub fn discard_hunk(reader: Reader, toasts: Toasts, at: u32) {
    if let Some(picked) = hunk_at(reader, at) {
        discard(reader, toasts, picked);
    }
}

/// All that changed in the place of a row; none where that didn't change.
pub fn hunk_at(reader: Reader, at: u32) -> Option<Picked> {
    let row = reader.row(at).filter(is_change);
    row.filter(|_| untrack(|| reader_has_lines(reader))).map(|row| around(&row))
}

/// What can be done with the chosen lines besides commenting on them. Nothing where none of them changed.
pub fn chosen_tools(reader: Reader, toasts: Toasts, close: impl Fn() + Copy + Send + 'static) -> AnyView {
    dynamic(move || {
        let lost = reader.lost.get();
        let chosen = reader.chosen.get().filter(|chosen| reader_has_lines(reader) && lost != Some(*chosen))?;
        let lines = among(reader, chosen)?;
        let whole = Picked { rows: None, ..lines };
        let press = move |picked| {
            discard(reader, toasts, picked);
            close();
        };
        let words = match lines.rows {
            Some(1) => "Discard line".to_owned(),
            rows => format!("Discard {} lines", rows.unwrap_or_default()),
        };
        Some(
            view! {
                <button type="button" class="button" title=meaning(reader) on:click=move |_| press(lines)>
                    {words}
                </button>
                <button type="button" class="button" title=meaning(reader) on:click=move |_| press(whole)>
                    "Discard hunk"
                </button>
                {chosen_stagers(reader, toasts, (lines, whole), close)}
                <span class="faint">{meaning(reader)}</span>
            }
            .into_any(),
        )
    })
    .into_any()
}

/// Whether what is shown is a difference of a file's lines.
fn reader_has_lines(reader: Reader) -> bool {
    let is_file = |kind: FileKind| matches!(kind, FileKind::File | FileKind::Executable);
    let has_lines = reader.with(|told| {
        let file = told.file.as_ref().filter(|_| told.shape == Shape::Text && !told.is_past);
        file.is_some_and(|file| is_file(file.kind) && file.old_kind.is_none_or(is_file))
    });
    has_lines == Some(true) && reader.view.with_value(|view| view.is_diff)
}

/// What becomes of lines that are discarded.
fn meaning(reader: Reader) -> &'static str {
    if reader.store().turn.get_untracked().is_some() {
        "Discarded lines go back to what they were before this turn."
    } else {
        "Discarded lines go back to what they were when the session started."
    }
}

fn is_change(row: &CodeRow) -> bool {
    matches!(row.kind, RowKind::Added | RowKind::Removed | RowKind::Replaced)
}

/// All that changed in the place of a row.
fn around(row: &CodeRow) -> Picked {
    let alone = |number: u32| LineRange { first: number, last: number };
    Picked { old: row.old.map(alone), new: row.new.map(alone), rows: None }
}

/// The changed lines among the chosen rows; none where there are none, or not all rows are held.
fn among(reader: Reader, chosen: Chosen) -> Option<Picked> {
    let rows: Option<Vec<CodeRow>> = (chosen.first..=chosen.last).map(|place| reader.row(place)).collect();
    let rows: Vec<CodeRow> = rows?.into_iter().filter(is_change).collect();
    let range = |number: fn(&CodeRow) -> Option<u32>| {
        let numbers = || rows.iter().filter_map(number);
        Some(LineRange { first: numbers().min()?, last: numbers().max()? })
    };
    (!rows.is_empty()).then(|| Picked { old: range(|row| row.old), new: range(|row| row.new), rows: Some(rows.len()) })
}

fn discard(reader: Reader, toasts: Toasts, picked: Picked) {
    let store = reader.store();
    let (project, session, turn) = (store.project(), store.session, store.turn.get_untracked());
    let path = reader.view.with_value(|view| view.path.clone());
    let name = shown(name_of(&path));
    let state = untrack(|| reader.with(|told| told.state.clone())).flatten();
    let Picked { old, new, rows } = picked;
    let request = DiscardLines { path, turn, state, old, new, is_whole: rows.is_none() };
    let words = match rows {
        None => format!("Hunk of {name} discarded"),
        Some(1) => format!("Line of {name} discarded"),
        Some(rows) => format!("{rows} lines of {name} discarded"),
    };
    spawn_local(async move {
        match calls::discard_lines(project.clone(), session, request).await {
            Ok(discarded) => {
                tell_discarded(toasts, words, (project, session), discarded, Arc::new(move || store.ask()));
                // What a turn changed stays what it was.
                store.choose(None);
            }
            Err(failure) => {
                toasts.failure("Nothing was discarded", &failure.0);
                if reader.told.try_with_untracked(|_| ()).is_some() {
                    reader.load();
                }
            }
        }
        store.ask();
    });
}
