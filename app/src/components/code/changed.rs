//! The files that changed, with their counts.

use leptos::prelude::*;
use octobot_wire::code::{ChangeKind, ChangedFile, Changes};

use super::discarding::discard_button;
use super::staging::{stage_button, stage_mark};
use super::standing::Standing;
use super::store::CodeStore;
use super::tabs::use_view;
use super::view::{View, name_of, shown};
use crate::components::chat::diff::count_view;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::frame::layout::Layout;

/// So many files are shown at first, and so many more each time that more are wanted.
const STEP: usize = 300;

/// The list. Nothing while nothing is known.
#[component]
pub fn ChangedList(
    /// What is known of the code.
    store: CodeStore,
    /// What isn't committed.
    standing: Standing,
    /// Only files whose path has this in it.
    filter: RwSignal<String>,
) -> impl IntoView {
    let most = RwSignal::new(STEP);
    let known = move |read: &dyn Fn(&Changes) -> AnyView| {
        store.changes.with(|changes| match changes {
            Some(Ok(changes)) => Some(read(changes)),
            Some(Err(_)) | None => None,
        })
    };
    let fitting = Memo::new(move |_| {
        let wanted = filter.with(|filter| filter.trim().to_lowercase());
        store.changes.with(|changes| match changes {
            Some(Ok(changes)) => {
                let fits = |file: &&ChangedFile| wanted.is_empty() || file.path.to_lowercase().contains(&wanted);
                changes.files.iter().filter(fits).cloned().collect()
            }
            Some(Err(_)) | None => Vec::new(),
        })
    });
    let rows = move || fitting.with(|files| files.iter().take(most.get()).cloned().collect::<Vec<_>>());
    let more = move || {
        let rest = fitting.with(Vec::len).saturating_sub(most.get());
        (rest > 0).then(|| {
            view! {
                <button type="button" class="fold" on:click=move |_| most.update(|most| *most += STEP)>
                    {format!("Show {} more", rest.min(STEP))}
                </button>
            }
            .into_any()
        })
    };
    view! {
        {dynamic(move || known(&|changes| heading(changes, store.turn.get().is_some())))}
        <ul class="files__list" aria-label="Changed files">
            <Rows each=rows key=key let:file>
                <ChangedRow store standing file/>
            </Rows>
        </ul>
        {dynamic(more)}
        {dynamic(move || known(&unlisted))}
    }
}

/// What tells a row from another: all that it shows.
fn key(file: &ChangedFile) -> (u64, String) {
    let ChangedFile { path, old_path, change, lines, state, .. } = file;
    let lines = lines.unwrap_or_default();
    (u64::from(lines.added) << 32 | u64::from(lines.removed), format!("{path}\n{old_path:?}\n{change:?}\n{state}"))
}

fn heading(changes: &Changes, is_of_turn: bool) -> AnyView {
    let count = changes.files.len() as u64 + changes.unlisted;
    if count == 0 && is_of_turn {
        return view! { <h2 class="files__heading">"This turn changed nothing"</h2> }.into_any();
    }
    if count == 0 {
        return view! {
            <h2 class="files__heading">"Nothing changed yet"</h2>
            <p class="files__note">"What the agent, or a script, changes appears here as it happens."</p>
        }
        .into_any();
    }
    let words = if count == 1 { "1 file changed".to_owned() } else { format!("{count} files changed") };
    view! {
        <h2 class="files__heading">{words} " " {count_view((changes.lines.added, changes.lines.removed))}</h2>
    }
    .into_any()
}

fn unlisted(changes: &Changes) -> AnyView {
    let count = changes.unlisted;
    (count > 0).then(|| view! { <p class="files__note">{format!("{count} more aren’t listed.")}</p> }).into_any()
}

/// A letter for a change, and its word.
pub fn change_word(change: ChangeKind) -> (&'static str, &'static str) {
    match change {
        ChangeKind::Added => ("A", "added"),
        ChangeKind::Modified => ("M", "modified"),
        ChangeKind::Removed => ("D", "deleted"),
        ChangeKind::Renamed => ("R", "renamed"),
    }
}

#[component]
fn ChangedRow(store: CodeStore, standing: Standing, file: ChangedFile) -> impl IntoView {
    let layout = Layout::expect();
    let view = use_view();
    let url = View::diff(&file.path).url(&store.project(), store.session);
    let (letter, word) = change_word(file.change);
    let name = shown(name_of(&file.path));
    let folder = file.path.len().checked_sub(name_of(&file.path).len() + 1).map(|end| shown(&file.path[..end]));
    let title = match &file.old_path {
        Some(old) => format!("{}, {word} from {}", shown(&file.path), shown(old)),
        None => format!("{}, {word}", shown(&file.path)),
    };
    let counts = file.lines.map(|lines| count_view((lines.added, lines.removed)));
    let (stage, discard) = (stage_button(standing, &file), discard_button(standing, &file));
    let staged = stage_mark(standing, &file.path);
    let path = file.path.clone();
    let is_current = move || view.with(|view| view.as_ref().is_some_and(|view| view.is_diff && view.path == path));
    let is_viewed = Memo::new(move |_| store.is_viewed(&file));
    let mark = move || is_viewed.get().then(|| view! { <Icon glyph=Glyph::Check/> }.into_any());
    view! {
        <li class="files__item">
            <a
                class="files__row"
                href=url
                title=title
                class:files__row--viewed=dynamic(move || is_viewed.get())
                aria-current=dynamic(move || is_current().then_some("page"))
                on:click=move |_| layout.page.set(None)
            >
                <span class="files__change" data-change=word aria-hidden="true">
                    {letter}
                </span>
                <span class="files__name">{name}</span>
                <span class="files__folder">{folder}</span>
                <span class="visually-hidden">
                    {word} {dynamic(move || if is_viewed.get() { ", viewed" } else { "" })}
                </span>
                {dynamic(mark)}
                {staged}
                {counts}
            </a>
            {stage}
            {discard}
        </li>
    }
}
