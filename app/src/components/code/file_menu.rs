//! What can be done with files and folders: one menu for all of them, which their buttons open, and the input for their names.

use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::arranging::{Entry, MENU, Naming, Uploading};
use super::staging::stage_entries;
use super::store::CodeStore;
use super::tabs::use_view;
use super::view::{View, content_url, name_of, shown};
use crate::browser::files::picked_in;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::inline_edit::InlineInput;
use crate::components::form::menu::MenuItem;
use crate::components::frame::layout::Layout;

/// The button of a file or folder that opens its menu.
pub fn menu_button(store: CodeStore, path: &str, is_folder: bool) -> AnyView {
    let label = match name_of(path) {
        "" => "Actions for all files".to_owned(),
        name => format!("Actions for {}", shown(name)),
    };
    let entry = Entry { path: path.to_owned(), is_folder };
    view! {
        <button
            type="button"
            class="icon-button files__menu"
            popovertarget=MENU
            aria-label=label.clone()
            title=label
            on:click=move |_| store.arranging().target.set(Some(entry.clone()))
        >
            <Icon glyph=Glyph::More/>
        </button>
    }
    .into_any()
}

/// The menu, and what is being uploaded.
pub fn file_menu(store: CodeStore) -> AnyView {
    let arranging = store.arranging();
    let popover = NodeRef::<html::Div>::new();
    let picker = NodeRef::<html::Input>::new();
    let close = move |_| {
        if let Some(popover) = popover.get_untracked() {
            drop(popover.hide_popover());
        }
    };
    let pick = move |event| {
        let folder = arranging.target.get_untracked().map(|entry| entry.path).unwrap_or_default();
        store.upload(&folder, picked_in(&event));
    };
    view! {
        <div class="menu" popover="auto" id=MENU node_ref=popover on:click=close>
            {dynamic(move || arranging.target.get().map(|entry| entries(store, entry, picker)))}
        </div>
        <input type="file" hidden multiple node_ref=picker aria-label="Files to upload" on:change=pick/>
        <ul class="files__list" aria-label="Uploads">
            <Rows each=move || arranging.uploads.get() key=|upload| (0, format!("{upload:?}")) let:upload>
                {uploading(&upload)}
            </Rows>
        </ul>
    }
    .into_any()
}

fn uploading(upload: &Uploading) -> AnyView {
    let Uploading { path, percent, .. } = upload;
    view! { <li class="files__note">{format!("Uploading {}: {percent} %", shown(path))}</li> }.into_any()
}

fn entries(store: CodeStore, entry: Entry, picker: NodeRef<html::Input>) -> AnyView {
    let Entry { path, is_folder } = entry;
    let is_workspace = path.is_empty();
    let folder = is_folder.then(|| folder_entries(store, &path, picker));
    let file = (!is_folder).then(|| file_entries(store, &path));
    let own = (!is_workspace).then(|| own_entries(store, path));
    view! {
        {folder}
        {file}
        {own}
    }
    .into_any()
}

fn folder_entries(store: CodeStore, path: &str, picker: NodeRef<html::Input>) -> AnyView {
    let (file, folder) = (Naming::File(path.to_owned()), Naming::Folder(path.to_owned()));
    let upload = move |()| {
        if let Some(picker) = picker.get_untracked() {
            picker.click();
        }
    };
    view! {
        <MenuItem glyph=Glyph::File label="New file" on_choose=move |()| name(store, file.clone())/>
        <MenuItem glyph=Glyph::Folder label="New folder" on_choose=move |()| name(store, folder.clone())/>
        <MenuItem glyph=Glyph::Send label="Upload files" on_choose=upload/>
    }
    .into_any()
}

fn file_entries(store: CodeStore, path: &str) -> AnyView {
    let (navigate, layout) = (use_navigate(), Layout::expect());
    let view = View::file(path);
    let (project, session) = (store.project(), store.session);
    let (url, download) = (view.url(&project, session), content_url(&project, session, path, None));
    let stagers = stage_entries(store, path);
    let edit = move |()| {
        store.edits().begin(&view.path);
        layout.page.set(None);
        navigate(&url, NavigateOptions::default());
    };
    view! {
        <MenuItem glyph=Glyph::Pencil label="Edit" on_choose=edit/>
        <a class="menu__item" href=download download=name_of(path).to_owned()>
            <Icon glyph=Glyph::ArrowDown/>
            "Download"
        </a>
        {stagers}
    }
    .into_any()
}

fn own_entries(store: CodeStore, path: String) -> AnyView {
    let rename = Naming::Entry { path: path.clone(), is_moved: false };
    let move_ = Naming::Entry { path: path.clone(), is_moved: true };
    view! {
        <MenuItem glyph=Glyph::Pencil label="Rename" on_choose=move |()| name(store, rename.clone())/>
        <MenuItem glyph=Glyph::ChevronRight label="Move" on_choose=move |()| name(store, move_.clone())/>
        <MenuItem glyph=Glyph::Trash label="Delete" danger=true on_choose=move |()| store.delete(path.clone())/>
    }
    .into_any()
}

/// Asks for a name. Where it is asked for isn't there yet, and the menu still has the focus.
fn name(store: CodeStore, naming: Naming) {
    request_animation_frame(move || drop(store.arranging().naming.try_set(Some(naming))));
}

/// The input for the name that is asked for.
pub fn name_input(store: CodeStore, naming: &Naming) -> AnyView {
    let (view, navigate, layout) = (use_view(), use_navigate(), Layout::expect());
    let (text, label) = match naming {
        Naming::File(_) => (String::new(), "Name of the new file"),
        Naming::Folder(_) => (String::new(), "Name of the new folder"),
        Naming::Entry { path, is_moved: true } => (path.clone(), "New path, from the workspace on"),
        Naming::Entry { path, is_moved: false } => (name_of(path).to_owned(), "New name"),
    };
    let (project, session) = (store.project(), store.session);
    let done = Callback::new(move |typed: Option<String>| {
        let (navigate, project) = (navigate.clone(), project.clone());
        store.give_name(typed, view, move |view| {
            layout.page.set(None);
            navigate(&view.url(&project, session), NavigateOptions::default());
        });
    });
    view! { <InlineInput text=Signal::stored(text) label most=4_096 on_done=done/> }.into_any()
}
