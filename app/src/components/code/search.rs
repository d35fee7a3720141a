//! Searching what is in the files of the workspace, and what was found, by file.

use leptos::prelude::*;
use octobot_wire::Problem;
use octobot_wire::code::{SearchEnd, SearchHit, SearchLine};

use super::store::CodeStore;
use super::view::{View, shown};
use crate::browser::lines::{LineReader, Piece};
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::form::spinner::Spinner;
use crate::components::frame::layout::Layout;

/// Where a search stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// Nothing is looked for.
    Idle,
    /// It is being looked for.
    Running,
    /// It has ended.
    Ended(SearchEnd),
    /// It couldn't.
    Failed(String),
}

/// The hits in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    path: String,
    hits: Vec<SearchHit>,
}

/// A search.
#[derive(Clone, Copy)]
struct Search {
    store: StoredValue<CodeStore>,
    typed: RwSignal<String>,
    is_regex: RwSignal<bool>,
    is_exact: RwSignal<bool>,
    stage: RwSignal<Stage>,
    found: RwSignal<Vec<Found>>,
    reader: StoredValue<Option<LineReader>>,
}

/// The field, and what was found.
pub fn search_view(store: CodeStore) -> AnyView {
    let search = Search {
        store: StoredValue::new(store),
        typed: RwSignal::new(String::new()),
        is_regex: RwSignal::new(false),
        is_exact: RwSignal::new(false),
        stage: RwSignal::new(Stage::Idle),
        found: RwSignal::new(Vec::new()),
        reader: StoredValue::new(None),
    };
    on_cleanup(move || drop(search.reader.try_update_value(Option::take)));
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        search.begin();
    };
    let type_ = move |event| {
        search.typed.set(event_target_value(&event));
        if search.typed.with_untracked(String::is_empty) {
            search.begin();
        }
    };
    view! {
        <form class="file-search" role="search" on:submit=submit>
            <input
                class="input file-search__text"
                type="search"
                aria-label="Search in files"
                placeholder="Search in files"
                autocapitalize="off"
                spellcheck="false"
                maxlength="1000"
                enterkeyhint="search"
                prop:value=dynamic(move || search.typed.get())
                on:input=type_
            />
            {toggle(search, search.is_exact, "Aa", "Match capital letters")}
            {toggle(search, search.is_regex, ".*", "Regular expression")}
        </form>
        {dynamic(move || note(search))}
        <ul class="files__list" aria-label="Found in files">
            <Rows
                each=move || search.found.get()
                key=|found| (found.hits.len() as u64, found.path.clone())
                let:found
            >
                {found_view(store, &found)}
            </Rows>
        </ul>
    }
    .into_any()
}

fn toggle(search: Search, is_on: RwSignal<bool>, text: &'static str, label: &'static str) -> AnyView {
    let press = move |_| {
        is_on.update(|on| *on = !*on);
        search.begin();
    };
    view! {
        <button
            type="button"
            class="button button--small file-search__toggle"
            aria-label=label
            title=label
            aria-pressed=dynamic(move || is_on.get().to_string())
            on:click=press
        >
            {text}
        </button>
    }
    .into_any()
}

fn note(search: Search) -> Option<AnyView> {
    let text = match search.stage.get() {
        Stage::Idle => return None,
        Stage::Running => {
            let view = view! {
                <p class="files__note" role="status">
                    <Spinner/>
                    " Searching…"
                </p>
            };
            return Some(view.into_any());
        }
        Stage::Failed(detail) => detail,
        Stage::Ended(SearchEnd { hits: 0, .. }) => "Nothing was found. What git ignores isn’t searched.".to_owned(),
        Stage::Ended(SearchEnd { hits, is_cut: true }) => format!("The first {hits} lines. Search for more of it."),
        Stage::Ended(SearchEnd { hits: 1, .. }) => "1 line".to_owned(),
        Stage::Ended(SearchEnd { hits, .. }) => format!("{hits} lines"),
    };
    Some(view! { <p class="files__note" role="status">{text}</p> }.into_any())
}

fn found_view(store: CodeStore, found: &Found) -> AnyView {
    let (project, session, layout) = (store.project(), store.session, Layout::expect());
    let url = View::file(&found.path).url(&project, session);
    let hits = found.hits.iter().map(|SearchHit { line, before, found, after, .. }| {
        view! {
            <li>
                <a class="file-search__hit" href=format!("{url}&line={line}") on:click=move |_| layout.page.set(None)>
                    <span class="file-search__line">{*line}</span>
                    <span class="file-search__around">
                        {before.trim_start().to_owned()} <mark>{found.clone()}</mark> {after.clone()}
                    </span>
                </a>
            </li>
        }
    });
    view! {
        <li>
            <h3 class="file-search__file">{shown(&found.path)}</h3>
            <ul>{hits.collect_view()}</ul>
        </li>
    }
    .into_any()
}

impl Search {
    /// Looks for what is typed, and no more for what was looked for before.
    fn begin(self) {
        drop(self.reader.try_update_value(Option::take));
        self.found.set(Vec::new());
        let typed = self.typed.get_untracked();
        if typed.is_empty() {
            self.stage.set(Stage::Idle);
            return;
        }
        self.stage.set(Stage::Running);
        let store = self.store.get_value();
        let url = format!(
            "/api/projects/{}/sessions/{}/files/search?q={}&regex={}&case={}",
            store.project(),
            store.session,
            String::from(js_sys::encode_uri_component(&typed)),
            self.is_regex.get_untracked(),
            self.is_exact.get_untracked(),
        );
        self.reader.set_value(LineReader::get(&url, move |piece| self.hear(piece)));
    }

    fn hear(self, piece: Piece) {
        match piece {
            Piece::Lines(lines) => self.take(&lines),
            // How it ended stands in its last line.
            Piece::End(200, _) if self.stage.try_get_untracked() != Some(Stage::Running) => {}
            Piece::End(status, rest) => {
                let problem = serde_json::from_str::<Problem>(&rest).map(|problem| problem.detail);
                let broken = if status == 200 { "The search broke off." } else { "The server can’t be reached." };
                let _ = self.stage.try_set(Stage::Failed(problem.unwrap_or_else(|_| broken.to_owned())));
            }
        }
    }

    fn take(self, lines: &str) {
        let mut hits = Vec::new();
        for line in lines.lines() {
            match serde_json::from_str::<SearchLine>(line) {
                Ok(SearchLine { hit, end, refused }) => {
                    hits.extend(hit);
                    if let Some(why) = refused {
                        let _ = self.stage.try_set(Stage::Failed(why));
                    }
                    if let Some(end) = end {
                        let _ = self.stage.try_set(Stage::Ended(end));
                    }
                }
                Err(error) => drop(self.stage.try_set(Stage::Failed(error.to_string()))),
            }
        }
        let _ = self.found.try_update(|found| {
            for hit in hits {
                match found.last_mut().filter(|last| last.path == hit.path) {
                    Some(last) => last.hits.push(hit),
                    None => found.push(Found { path: hit.path.clone(), hits: vec![hit] }),
                }
            }
        });
    }
}
