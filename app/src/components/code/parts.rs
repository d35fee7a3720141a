//! Choosing among the changes of a file which of them are committed.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::code::{CodeRow, CommitPart, FileHunk, FileHunks, HunkSides, HunksQuery, RowKind};

use super::store::CodeStore;
use super::view::shown;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::icon::{Glyph, Icon};

/// Files whose changes are looked at one by one.
#[derive(Clone, Copy)]
pub struct Parts {
    store: CodeStore,
    opened: RwSignal<BTreeMap<String, Option<Opened>>>,
}

/// What is known of such a file.
#[derive(Debug, Clone, PartialEq)]
struct Opened {
    told: Result<FileHunks, Problem>,
    /// Changes that stay out of it, by their places.
    left_out: BTreeSet<usize>,
}

/// What of a file is committed.
#[derive(Debug, Clone, PartialEq)]
pub enum Share {
    /// All of it.
    Whole,
    /// Some of it.
    Part(CommitPart),
    /// Nothing.
    Nothing,
}

impl Parts {
    /// None yet.
    pub fn new(store: CodeStore) -> Self {
        Self { store, opened: RwSignal::new(BTreeMap::new()) }
    }

    /// What of a file is chosen.
    pub fn share(self, path: &str) -> Share {
        self.opened.with(|opened| match opened.get(path) {
            Some(Some(Opened { told: Ok(told), left_out })) if !left_out.is_empty() => {
                let chosen = told.hunks.iter().enumerate().filter(|(place, _)| !left_out.contains(place));
                let spans: Vec<_> = chosen.map(|(_, hunk)| hunk.span).collect();
                if spans.is_empty() {
                    return Share::Nothing;
                }
                let (base, state) = (told.base.clone(), told.state.clone());
                Share::Part(CommitPart { path: path.to_owned(), base, state, spans })
            }
            _ => Share::Whole,
        })
    }

    /// Forgets what was chosen.
    pub fn clear(self) {
        let _ = self.opened.try_update(BTreeMap::clear);
    }

    /// Shows the changes of a file, or puts them away with what was chosen of them.
    fn toggle(self, path: &str) {
        if self.opened.try_update(|opened| opened.remove(path)).flatten().is_some() {
            return;
        }
        self.opened.update(|opened| drop(opened.insert(path.to_owned(), None)));
        let (path, store) = (path.to_owned(), self.store);
        spawn_local(async move {
            let query = HunksQuery { path: path.clone(), of: HunkSides::Uncommitted };
            let told = calls::load_hunks(store.project(), store.session, query).await;
            let told = told.map_err(|failure| failure.0);
            let _ = self.opened.try_update(|opened| {
                if let Some(known) = opened.get_mut(&path) {
                    *known = Some(Opened { told, left_out: BTreeSet::new() });
                }
            });
        });
    }

    fn set(self, path: &str, place: usize, is_in: bool) {
        self.opened.update(|opened| {
            if let Some(Some(opened)) = opened.get_mut(path) {
                if is_in {
                    opened.left_out.remove(&place);
                } else {
                    opened.left_out.insert(place);
                }
            }
        });
    }
}

/// The button that shows the changes of a file.
pub fn parts_button(parts: Parts, path: &str) -> AnyView {
    let (known, path) = (path.to_owned(), path.to_owned());
    let label = format!("Choose hunks of {}", shown(&path));
    let is_open = Memo::new(move |_| parts.opened.with(|opened| opened.contains_key(&known)));
    let glyph = Signal::derive(move || if is_open.get() { Glyph::ChevronDown } else { Glyph::ChevronRight });
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=label.clone()
            title=label
            aria-expanded=dynamic(move || is_open.get().to_string())
            on:click=move |_| parts.toggle(&path)
        >
            <Icon glyph/>
        </button>
    }
    .into_any()
}

/// The changes of a file, once somebody wants to see them.
pub fn parts_view(parts: Parts, path: &str) -> AnyView {
    let path = path.to_owned();
    // Choosing among them doesn't make them anew.
    let known = path.clone();
    let told = Memo::new(move |_| {
        parts.opened.with(|opened| opened.get(&known).map(|opened| opened.as_ref().map(|opened| opened.told.clone())))
    });
    dynamic(move || {
        told.get().map(|told| match told {
            None => note("Reading…".to_owned()),
            Some(Err(problem)) => note(problem.detail),
            Some(Ok(told)) if told.hunks.is_empty() || told.unlisted > 0 => {
                note("Its changes can’t be chosen one by one: commit it as a whole.".to_owned())
            }
            Some(Ok(told)) => {
                let hunks = told.hunks.into_iter().enumerate();
                let hunks = hunks.map(|(place, hunk)| hunk_view(parts, path.clone(), place, hunk)).collect_view();
                view! { <ul class="parts">{hunks}</ul> }.into_any()
            }
        })
    })
    .into_any()
}

fn note(words: String) -> AnyView {
    view! { <p class="files__note" role="status">{words}</p> }.into_any()
}

fn hunk_view(parts: Parts, path: String, place: usize, hunk: FileHunk) -> AnyView {
    let FileHunk { span, rows, unlisted } = hunk;
    let known = path.clone();
    let is_in = move || {
        parts.opened.with(|opened| match opened.get(&known) {
            Some(Some(opened)) => !opened.left_out.contains(&place),
            _ => true,
        })
    };
    let label = format!("Hunk at line {}", span.new.0 + 1);
    let lines = format!("Lines of the hunk at line {}", span.new.0 + 1);
    let rows = rows.into_iter().map(|row| row_view(&row)).collect_view();
    let more = (unlisted > 0).then(|| view! { <p class="faint">{format!("{unlisted} more lines")}</p> });
    view! {
        <li class="parts__hunk">
            <input
                type="checkbox"
                aria-label=label
                prop:checked=dynamic(is_in)
                on:change=move |event| parts.set(&path, place, event_target_checked(&event))
            />
            <div class="parts__rows" role="group" tabindex="0" aria-label=lines>{rows} {more}</div>
        </li>
    }
    .into_any()
}

fn row_view(row: &CodeRow) -> AnyView {
    let (kind, sign) = if row.kind == RowKind::Added { ("added", "+") } else { ("removed", "−") };
    view! {
        <div class="parts__row" data-kind=kind>
            <span>{sign}</span>
            <span inner_html=row.html.clone()></span>
        </div>
    }
    .into_any()
}
