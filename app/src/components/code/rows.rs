//! The rows of a file or a difference, in a box that scrolls and renders only what is seen.

use leptos::prelude::*;
use octobot_wire::code::{CodeRow, Layout, RowKind};
use web_sys::KeyboardEvent;

use super::blame::blame_cell;
use super::hunks::{discard_hunk, hunk_button};
use super::reader::{Chosen, ROW_PX, Reader};
use super::staging::{stage_file_of, stage_hunk};
use crate::browser::dom;
use crate::browser::resize::SizeWatch;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::frame::toasts::Toasts;

/// The rows.
#[component]
pub fn CodeRows(
    /// What is read.
    reader: Reader,
) -> impl IntoView {
    let toasts = Toasts::expect();
    let room = NodeRef::<leptos::html::Div>::new();
    let rows = move || {
        let (first, last) = reader.rendered();
        let held = reader.with(|told| {
            let place = |row: u32| (row.saturating_sub(told.from) as usize).min(told.rows.len());
            let (start, end) = (place(first), place(last));
            (first.max(told.from)..).zip(told.rows[start..end].to_vec()).collect::<Vec<_>>()
        });
        held.unwrap_or_default()
    };
    Effect::new(move |_| {
        let (Some(room), total) = (room.get(), reader.total()) else { return };
        let first = reader.with(|told| told.from).unwrap_or_default().max(reader.rendered().0);
        dom::set_property(&room, "height", &format!("{}px", u64::from(total) * u64::from(ROW_PX)));
        dom::set_property(&room, "padding-top", &format!("{}px", u64::from(first) * u64::from(ROW_PX)));
    });
    let watch = StoredValue::new(None::<SizeWatch>);
    Effect::new(move |_| {
        let Some(node) = reader.node.get() else { return };
        let sizes = SizeWatch::new(move |_| reader.note_scroll());
        if let Some(sizes) = &sizes {
            sizes.watch(&node);
        }
        watch.set_value(sizes);
    });
    let is_split = move || reader.laid_out.get() == Layout::Split;
    let is_file = !reader.view.with_value(|view| view.is_diff);
    view! {
        <div
            class="code__rows"
            class:code__rows--split=dynamic(is_split)
            class:code__rows--file=is_file
            node_ref=reader.node
            tabindex="0"
            role="group"
            aria-label="Lines. Arrow keys move, n and p go to the next change and back, c comments, d discards a change, s stages it, u unstages it; with Shift, all of the file."
            on:scroll=move |_| reader.note_scroll()
            on:keydown=move |event| press(reader, toasts, &event)
        >
            <div class="code__room" node_ref=room>
                <Rows each=rows key=move |(place, row)| (u64::from(*place) << 1 | u64::from(is_split()), identity(row)) let:numbered>
                    {row_view(reader, toasts, numbered.0, &numbered.1)}
                </Rows>
            </div>
        </div>
    }
}

/// What tells a row from another in the same place: all of it.
fn identity(row: &CodeRow) -> String {
    let CodeRow { kind, old, new, html, right } = row;
    format!("{kind:?}{old:?}{new:?}\n{html}\n{right}")
}

fn press(reader: Reader, toasts: Toasts, event: &KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let (at, last) = (reader.at.get_untracked(), untrack(|| reader.total()).saturating_sub(1));
    match event.key().as_str() {
        "ArrowDown" | "j" => reader.go((at + 1).min(last)),
        "ArrowUp" | "k" => reader.go(at.saturating_sub(1)),
        "n" => reader.step(true),
        "p" => reader.step(false),
        "Enter" | "c" => act(reader, at),
        "d" => discard_hunk(reader, toasts, at),
        "s" => stage_hunk(reader, toasts, at, false),
        "u" => stage_hunk(reader, toasts, at, true),
        "S" => stage_file_of(reader, toasts, false),
        "U" => stage_file_of(reader, toasts, true),
        "v" => toggle_viewed(reader),
        _ => return,
    }
    event.prevent_default();
}

/// Opens the fold in a row, or begins a comment on it.
fn act(reader: Reader, at: u32) {
    let Some(row) = reader.row(at) else { return };
    if row.kind == RowKind::Fold {
        reader.unfold(&row);
    } else {
        reader.chosen.set(Some(Chosen { first: at, last: at, is_old: row.new.is_none() }));
    }
}

/// Notes that the file was viewed, or that it wasn't.
pub fn toggle_viewed(reader: Reader) {
    let file = reader.view.with_value(|view| untrack(|| reader.store().file(&view.path)));
    if let Some(file) = file {
        let is_viewed = untrack(|| reader.store().is_viewed(&file));
        reader.store().set_viewed(&file, !is_viewed);
    }
}

fn row_view(reader: Reader, toasts: Toasts, place: u32, row: &CodeRow) -> AnyView {
    let is_at = dynamic(move || reader.at.get() == place);
    let is_chosen = move || reader.chosen.get().is_some_and(|chosen| (chosen.first..=chosen.last).contains(&place));
    let kind = match row.kind {
        RowKind::Fold => return fold_view(reader, row, is_at),
        RowKind::Same => "same",
        RowKind::Added => "added",
        RowKind::Removed => "removed",
        RowKind::Replaced => "replaced",
    };
    let is_split = reader.laid_out.get_untracked() == Layout::Split;
    let hunk = (row.kind != RowKind::Same).then(|| hunk_button(reader, toasts, place, row));
    let cells = if is_split { split_cells(reader, place, row) } else { unified_cells(reader, place, row) };
    view! {
        <div
            class="code__row"
            data-kind=kind
            class:code__row--at=is_at
            class:code__row--chosen=dynamic(is_chosen)
            on:click=move |_| reader.at.set(place)
        >
            {cells}
            {hunk}
        </div>
    }
    .into_any()
}

fn unified_cells(reader: Reader, place: u32, row: &CodeRow) -> AnyView {
    let sign = match row.kind {
        RowKind::Added => "+",
        RowKind::Removed => "−",
        RowKind::Same | RowKind::Replaced | RowKind::Fold => " ",
    };
    let is_file = !reader.view.with_value(|view| view.is_diff);
    let blame = row.new.filter(|_| is_file).map(|line| blame_cell(reader.blamed, reader.store(), line));
    view! {
        {blame}
        {number_view(reader, place, row.old, true)}
        {number_view(reader, place, row.new, false)}
        <span class="code__sign">{sign}</span>
        <span class="code__text" inner_html=row.html.clone()></span>
    }
    .into_any()
}

fn split_cells(reader: Reader, place: u32, row: &CodeRow) -> AnyView {
    let right = if row.kind == RowKind::Same { row.html.clone() } else { row.right.clone() };
    view! {
        {number_view(reader, place, row.old, true)}
        <span class="code__text code__text--old" inner_html=row.html.clone()></span>
        {number_view(reader, place, row.new, false)}
        <span class="code__text code__text--new" inner_html=right></span>
    }
    .into_any()
}

/// The number of a line. Pressing it begins a comment on the line; with Shift, on all from where one was begun.
fn number_view(reader: Reader, place: u32, number: Option<u32>, is_old: bool) -> AnyView {
    let Some(number) = number else { return view! { <span class="code__number"></span> }.into_any() };
    let choose = move |event: web_sys::MouseEvent| {
        reader.chosen.update(|chosen| {
            *chosen = Some(match chosen {
                Some(begun) if event.shift_key() && begun.is_old == is_old => {
                    Chosen { first: begun.first.min(place), last: begun.last.max(place), is_old }
                }
                _ => Chosen { first: place, last: place, is_old },
            });
        });
    };
    let label =
        if is_old { format!("Comment on line {number} as it was") } else { format!("Comment on line {number}") };
    view! {
        <button type="button" class="code__number" tabindex="-1" aria-label=label on:click=choose>
            {number}
        </button>
    }
    .into_any()
}

fn fold_view(reader: Reader, row: &CodeRow, is_at: crate::components::dynamic::Dynamic<bool>) -> AnyView {
    let opened = row.clone();
    let words = if row.html == "1" { "1 unchanged line".to_owned() } else { format!("{} unchanged lines", row.html) };
    view! {
        <button
            type="button"
            class="code__row code__fold"
            tabindex="-1"
            class:code__row--at=is_at
            on:click=move |_| reader.unfold(&opened)
        >
            {words}
        </button>
    }
    .into_any()
}
