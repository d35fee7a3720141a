//! All files of the workspace: a tree whose folders are read when they are opened, or those whose path fits.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::code::{FileKind, Folder, FolderEntry};

use super::arranging::Naming;
use super::file_menu::{menu_button, name_input};
use super::store::CodeStore;
use super::tabs::use_view;
use super::view::{View, shown};
use crate::browser::files::brought_by;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::frame::layout::Layout;

/// What is in a folder; that of one is read when it is first shown, and again whenever files change.
#[component]
pub fn FileTree(
    /// What is known of the code.
    store: CodeStore,
    /// The folder; empty for the workspace.
    path: String,
) -> impl IntoView {
    let folder = RwSignal::new(None::<Result<Folder, Problem>>);
    let place = StoredValue::new(path);
    Effect::new(move |_| {
        // What is told of changes is another when files come or go.
        store.changes.track();
        store.arranging().done.track();
        spawn_local(async move {
            let Some(path) = place.try_get_value() else { return };
            let answer = calls::load_folder(store.project(), store.session, path).await.map_err(|failure| failure.0);
            if folder.try_with_untracked(|known| known.as_ref() != Some(&answer)) == Some(true) {
                folder.set(Some(answer));
            }
        });
    });
    let entries = move || {
        folder.with(|folder| match folder {
            Some(Ok(folder)) => folder.entries.clone(),
            Some(Err(_)) | None => Vec::new(),
        })
    };
    let note = move || {
        let text = folder.with(|folder| match folder {
            None => Some("Reading…".to_owned()),
            Some(Err(problem)) => Some(problem.detail.clone()),
            Some(Ok(folder)) if folder.unlisted > 0 => Some(format!("{} more aren’t listed.", folder.unlisted)),
            Some(Ok(folder)) if folder.entries.is_empty() => Some("Nothing is in here.".to_owned()),
            Some(Ok(_)) => None,
        });
        text.map(|text| view! { <li class="files__note">{text}</li> }.into_any())
    };
    let new = move || {
        let naming = store.arranging().naming.get();
        let is_here = place.with_value(|path| naming.as_ref().and_then(new_in) == Some(path));
        naming
            .filter(|_| is_here)
            .map(|naming| view! { <li class="files__naming">{name_input(store, &naming)}</li> }.into_any())
    };
    let drop_here = move |event: web_sys::DragEvent| {
        let files = brought_by(&event);
        if !files.is_empty() {
            event.prevent_default();
            event.stop_propagation();
            store.upload(&place.get_value(), files);
        }
    };
    view! {
        <ul class="files__list" on:dragover=|event| event.prevent_default() on:drop=drop_here>
            {dynamic(new)}
            <Rows each=entries key=|entry| (u64::from(entry.is_ignored), format!("{:?}{}", entry.kind, entry.name)) let:entry>
                {entry_row(store, &place.get_value(), entry)}
            </Rows>
            {dynamic(note)}
        </ul>
    }
}

/// The folder in which something new is being named.
fn new_in(naming: &Naming) -> Option<&String> {
    match naming {
        Naming::File(folder) | Naming::Folder(folder) => Some(folder),
        Naming::Entry { .. } => None,
    }
}

/// A row with its menu; an input in its place while it gets another name.
fn named_row(store: CodeStore, path: String, is_folder: bool, row: AnyView) -> AnyView {
    let menu = menu_button(store, &path, is_folder);
    let naming = move || {
        let naming = store.arranging().naming.get();
        naming.filter(|naming| matches!(naming, Naming::Entry { path: named, .. } if *named == path))
    };
    let naming = Memo::new(move |_| naming());
    let input = move || naming.get().map(|naming| name_input(store, &naming));
    view! {
        <div class="files__entry" class:files__entry--named=dynamic(move || naming.with(Option::is_some))>
            {row}
            {menu}
            {dynamic(input)}
        </div>
    }
    .into_any()
}

fn entry_row(store: CodeStore, folder: &str, entry: FolderEntry) -> AnyView {
    let FolderEntry { name, kind, is_ignored } = entry;
    let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
    match kind {
        FileKind::Folder | FileKind::Submodule => {
            view! { <FolderRow store path name=shown(&name) is_ignored/> }.into_any()
        }
        FileKind::File | FileKind::Executable | FileKind::Link => file_row(store, &path, shown(&name), is_ignored),
        FileKind::Special => view! {
            <li class="files__row files__row--ignored" title="A pipe, a socket or a device">
                <Icon glyph=Glyph::File/>
                <span class="files__name">{shown(&name)}</span>
            </li>
        }
        .into_any(),
    }
}

#[component]
fn FolderRow(store: CodeStore, path: String, name: String, is_ignored: bool) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let glyph = Signal::derive(move || if is_open.get() { Glyph::ChevronDown } else { Glyph::ChevronRight });
    let folder = StoredValue::new(path.clone());
    // What is new in here is named in here.
    Effect::new(move |_| {
        if store
            .arranging()
            .naming
            .with(|naming| folder.with_value(|path| naming.as_ref().and_then(new_in) == Some(path)))
        {
            is_open.set(true);
        }
    });
    let inside = move || is_open.get().then(|| view! { <FileTree store path=folder.get_value()/> }.into_any());
    let drop_here = move |event: web_sys::DragEvent| {
        let files = brought_by(&event);
        if !files.is_empty() {
            event.prevent_default();
            event.stop_propagation();
            store.upload(&folder.get_value(), files);
        }
    };
    let row = view! {
        <button
            type="button"
            class="files__row"
            class:files__row--ignored=is_ignored
            aria-expanded=dynamic(move || is_open.get().to_string())
            on:click=move |_| is_open.update(|open| *open = !*open)
            on:drop=drop_here
        >
            <Icon glyph/>
            <span class="files__name">{name}</span>
        </button>
    };
    view! { <li>{named_row(store, path, true, row.into_any())} {dynamic(inside)}</li> }
}

fn file_row(store: CodeStore, path: &str, name: String, is_ignored: bool) -> AnyView {
    let layout = Layout::expect();
    let view = use_view();
    let place = View::file(path);
    let url = place.url(&store.project(), store.session);
    let is_current = move || view.with(|view| view.as_ref() == Some(&place));
    let class = if is_ignored { "files__row files__row--ignored" } else { "files__row" };
    let row = view! {
        <a
            class=class
            href=url
            title=shown(path)
            aria-current=dynamic(move || is_current().then_some("page"))
            on:click=move |_| layout.page.set(None)
        >
            <Icon glyph=Glyph::File/>
            <span class="files__name">{name}</span>
        </a>
    };
    view! { <li>{named_row(store, path.to_owned(), false, row.into_any())}</li> }.into_any()
}

/// Files whose path fits what is typed, the best first.
#[component]
pub fn FoundFiles(
    /// What is known of the code.
    store: CodeStore,
    /// What is typed.
    filter: RwSignal<String>,
) -> impl IntoView {
    let found = RwSignal::new(None::<Result<Vec<String>, Problem>>);
    Effect::new(move |_| {
        let typed = filter.get();
        spawn_local(async move {
            let name = typed.trim().to_owned();
            let answer = calls::find_files(store.project(), store.session, name).await.map_err(|failure| failure.0);
            // What was typed meanwhile has an answer of its own.
            if filter.try_get_untracked() == Some(typed) {
                found.set(Some(answer));
            }
        });
    });
    let paths = move || {
        found.with(|found| match found {
            Some(Ok(paths)) => paths.clone(),
            Some(Err(_)) | None => Vec::new(),
        })
    };
    let note = move || {
        let text = found.with(|found| match found {
            None => Some("Looking…".to_owned()),
            Some(Err(problem)) => Some(problem.detail.clone()),
            Some(Ok(paths)) if paths.is_empty() => Some("No file’s path fits.".to_owned()),
            Some(Ok(_)) => None,
        });
        text.map(|text| view! { <li class="files__note"><p role="status">{text}</p></li> }.into_any())
    };
    view! {
        <ul class="files__list">
            <Rows each=paths key=|path| (0, path.clone()) let:path>
                {file_row(store, &path, shown(&path), false)}
            </Rows>
            {dynamic(note)}
        </ul>
    }
}
