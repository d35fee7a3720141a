//! What is staged, told of each file, and changing it: of files, and of lines of a difference.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::code::repository::RepositoryState;
use octobot_wire::code::{ChangedFile, StageChanges, StageLines};

use super::hunks::{Picked, hunk_at};
use super::reader::Reader;
use super::standing::Standing;
use super::store::CodeStore;
use super::view::{name_of, shown};
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::components::form::menu::MenuItem;
use crate::components::frame::toasts::Toasts;

/// How much of a file's changes is staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Staged {
    Nothing,
    Part,
    All,
}

impl Staged {
    fn has_some(self) -> bool {
        self != Self::Nothing
    }

    fn lacks_some(self) -> bool {
        self != Self::All
    }
}

/// How much of a file is staged; none where the last commit has all of its changes, or nobody knows.
fn staged_of(standing: Standing, path: &str) -> Option<Staged> {
    standing.with(|state| staged_in(state, path)).flatten()
}

fn staged_in(state: &RepositoryState, path: &str) -> Option<Staged> {
    let staged = state.staged.iter().find(|file| file.path == path);
    match staged {
        Some(file) if file.is_whole => Some(Staged::All),
        Some(_) => Some(Staged::Part),
        None => state.uncommitted.iter().any(|known| known == path).then_some(Staged::Nothing),
    }
}

/// A mark of a file of which something is staged.
pub fn stage_mark(standing: Standing, path: &str) -> AnyView {
    let path = path.to_owned();
    let staged = Memo::new(move |_| staged_of(standing, &path));
    dynamic(move || {
        let (letter, words) = match staged.get() {
            Some(Staged::All) => ("S", "staged"),
            Some(Staged::Part) => ("S…", "partly staged"),
            Some(Staged::Nothing) | None => return None,
        };
        let mark = view! {
            <span class="files__staged" title=words>
                <span aria-hidden="true">{letter}</span>
                <span class="visually-hidden">{words}</span>
            </span>
        };
        Some(mark.into_any())
    })
    .into_any()
}

/// The button of a changed file that stages what of it isn't, or else takes it back. Nothing where the last commit has all of its
/// changes, or where only those of a turn are listed.
pub fn stage_button(standing: Standing, file: &ChangedFile) -> AnyView {
    // What was moved is staged in both places.
    let paths: Vec<String> = [Some(file.path.clone()), file.old_path.clone()].into_iter().flatten().collect();
    let known = paths.clone();
    let meant = Memo::new(move |_| {
        standing.with(|state| {
            let of = |wanted: fn(Staged) -> bool| -> Vec<String> {
                known.iter().filter(|path| staged_in(state, path).is_some_and(wanted)).cloned().collect()
            };
            let unstaged = of(Staged::lacks_some);
            if unstaged.is_empty() { (of(Staged::has_some), true) } else { (unstaged, false) }
        })
    });
    let toasts = Toasts::expect();
    let name = shown(name_of(&file.path));
    dynamic(move || {
        let (paths, is_back) = meant.get().filter(|_| standing.store.turn.get().is_none())?;
        if paths.is_empty() {
            return None;
        }
        let (glyph, label) =
            if is_back { (Glyph::Minus, format!("Unstage {name}")) } else { (Glyph::Plus, format!("Stage {name}")) };
        let press = move |()| stage(standing, toasts, Some(paths.clone()), is_back);
        Some(view! { <IconButton glyph label on_press=press/> }.into_any())
    })
    .into_any()
}

/// The entries of a file's menu.
pub fn stage_entries(store: CodeStore, path: &str) -> AnyView {
    let (standing, toasts) = (Standing::of(store), Toasts::expect());
    let Some(staged) = untrack(|| staged_of(standing, path)) else { return ().into_any() };
    let entry = |glyph: Glyph, label: &'static str, is_back: bool| {
        let path = path.to_owned();
        let choose = move |()| stage(standing, toasts, Some(vec![path.clone()]), is_back);
        view! { <MenuItem glyph label on_choose=choose/> }.into_any()
    };
    let stage = staged.lacks_some().then(|| entry(Glyph::Plus, "Stage", false));
    let unstage = staged.has_some().then(|| entry(Glyph::Minus, "Unstage", true));
    (stage, unstage).into_any()
}

/// Stages files, or takes them back; without any, all.
pub fn stage(standing: Standing, toasts: Toasts, paths: Option<Vec<String>>, is_back: bool) {
    let (project, session) = (standing.store.project(), standing.store.session);
    let is_staged = standing.store.commits().is_staged;
    spawn_local(async move {
        let request = StageChanges { is_back, paths, parts: Vec::new() };
        match calls::stage_changes(project, session, request).await {
            Ok(()) => mean_staged(is_staged, is_back),
            Err(failure) => toasts.failure(failed(is_back), &failure.0),
        }
        standing.ask();
    });
}

/// Whoever stages something means to commit that.
fn mean_staged(is_staged: RwSignal<bool>, is_back: bool) {
    if !is_back {
        let _ = is_staged.try_set(true);
    }
}

fn failed(is_back: bool) -> &'static str {
    if is_back { "Nothing was unstaged" } else { "Nothing was staged" }
}

/// How much is staged of the file whose difference since the session started is shown; none where nothing of it can be.
fn staged_shown(reader: Reader) -> Option<Staged> {
    let store = reader.store();
    if store.turn.get().is_some() {
        return None;
    }
    reader.view.with_value(|view| if view.is_diff { staged_of(Standing::of(store), &view.path) } else { None })
}

/// Stages the file that is shown, or takes it back.
pub fn stage_file_of(reader: Reader, toasts: Toasts, is_back: bool) {
    let wanted = |staged: Staged| if is_back { staged.has_some() } else { staged.lacks_some() };
    if untrack(|| staged_shown(reader)).is_some_and(wanted) {
        let path = reader.view.with_value(|view| view.path.clone());
        stage(Standing::of(reader.store()), toasts, Some(vec![path]), is_back);
    }
}

/// Stages all that changed in the place of a row, or takes it back; nothing where that didn't change.
pub fn stage_hunk(reader: Reader, toasts: Toasts, at: u32, is_back: bool) {
    if let Some(picked) = hunk_at(reader, at).filter(|_| untrack(|| staged_shown(reader)).is_some()) {
        stage_lines(reader, toasts, picked, is_back);
    }
}

/// The buttons of a place in which lines changed.
pub fn hunk_stagers(reader: Reader, toasts: Toasts, picked: Picked) -> AnyView {
    let button = move |words: &'static str, is_back: bool| {
        view! {
            <button
                type="button"
                class="code__discard"
                tabindex="-1"
                on:click=move |_| stage_lines(reader, toasts, picked, is_back)
            >
                {words}
            </button>
        }
        .into_any()
    };
    dynamic(move || {
        let staged = staged_shown(reader)?;
        let stage = staged.lacks_some().then(|| button("Stage hunk", false));
        let unstage = staged.has_some().then(|| button("Unstage hunk", true));
        Some((stage, unstage).into_any())
    })
    .into_any()
}

/// What can be done about the index with the chosen lines, and with all that changed in their place.
pub fn chosen_stagers(
    reader: Reader,
    toasts: Toasts,
    (lines, whole): (Picked, Picked),
    close: impl Fn() + Copy + Send + 'static,
) -> AnyView {
    let button = move |words: &'static str, picked: Picked, is_back: bool| {
        let press = move |_| {
            stage_lines(reader, toasts, picked, is_back);
            close();
        };
        view! { <button type="button" class="button" on:click=press>{words}</button> }.into_any()
    };
    dynamic(move || {
        let staged = staged_shown(reader)?;
        let stage =
            staged.lacks_some().then(|| (button("Stage lines", lines, false), button("Stage hunk", whole, false)));
        let unstage =
            staged.has_some().then(|| (button("Unstage lines", lines, true), button("Unstage hunk", whole, true)));
        Some((stage, unstage).into_any())
    })
    .into_any()
}

fn stage_lines(reader: Reader, toasts: Toasts, picked: Picked, is_back: bool) {
    let store = reader.store();
    let (project, session) = (store.project(), store.session);
    let path = reader.view.with_value(|view| view.path.clone());
    let state = untrack(|| reader.with(|told| told.state.clone())).flatten();
    let Picked { old, new, rows } = picked;
    let request = StageLines { path, is_back, state, old, new, is_whole: rows.is_none() };
    let standing = Standing::of(store);
    let is_staged = store.commits().is_staged;
    spawn_local(async move {
        match calls::stage_lines(project, session, request).await {
            Ok(staged) if staged.is_changed => {
                mean_staged(is_staged, is_back);
                toasts.success(if is_back { "Unstaged" } else { "Staged" }.to_owned());
            }
            Ok(_) => {
                let words = if is_back { "None of these lines are staged" } else { "These lines are staged already" };
                toasts.success(words.to_owned());
            }
            Err(failure) => toasts.failure(failed(is_back), &failure.0),
        }
        standing.ask();
    });
}
