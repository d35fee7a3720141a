//! The line above a file or a difference: what it is, and how it is looked at.

use leptos::prelude::*;
use octobot_wire::code::{ChangeKind, ChangedFile, FileKind, Layout, Shape};

use super::changed::change_word;
use super::preview::is_markdown;
use super::reader::Reader;
use super::rows::toggle_viewed;
use super::view::{View, content_url, shown};
use crate::components::chat::diff::count_view;
use crate::components::dynamic::dynamic;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::icon_button::IconButton;

/// The line.
#[component]
pub fn Toolbar(
    /// What is read.
    reader: Reader,
) -> impl IntoView {
    let View { path, is_diff } = reader.view.get_value();
    let known = path.clone();
    let file = Memo::new(move |_| reader.store().file(&known));
    let (project, session) = (reader.store().project(), reader.store().session);
    let download = content_url(&project, session, &path, None);
    let other = if is_diff { View::file(&path) } else { View::diff(&path) };
    let (other_word, other_url) = (if is_diff { "File" } else { "Changes" }, other.url(&project, session));
    let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
    let has_other =
        move || !is_diff && file.with(Option::is_some) || is_diff && file.with(|file| is_there(file.as_ref()));
    let other_link = move || {
        has_other().then(|| {
            view! {
                <a class="button button--small" href=other_url.clone()>
                    {other_word}
                </a>
            }
            .into_any()
        })
    };
    view! {
        <div class="code__bar" role="group" aria-label="How the file is shown">
            <h2 class="code__path">{shown(&path)}</h2>
            {dynamic(move || file.get().map(|file| facts(&file)))}
            {is_diff.then(|| diff_tools(reader, file))}
            {dynamic(other_link)}
            {dynamic(move || can_blame(reader).then(|| blame_button(reader)))}
            {dynamic(move || can_preview(reader).then(|| preview_button(reader)))}
            {dynamic(move || can_edit(reader).then(|| edit_button(reader)))}
            <a class="icon-button" href=download download=name aria-label="Download" title="Download">
                <Icon glyph=Glyph::ArrowDown/>
            </a>
        </div>
    }
}

/// Whether what is shown can be edited, and isn't yet.
fn can_edit(reader: Reader) -> bool {
    let is_text = reader.with(|told| told.shape == Shape::Text) == Some(true);
    let is_file = |view: &View| !view.is_diff && !reader.store().edits().is_open(&view.path);
    is_text && reader.store().is_running.get() && reader.view.with_value(is_file)
}

/// Whether what is shown can be shown as it is meant to look.
fn can_preview(reader: Reader) -> bool {
    can_edit(reader) && reader.view.with_value(|view| is_markdown(&view.path))
}

fn preview_button(reader: Reader) -> AnyView {
    let path = StoredValue::new(reader.view.with_value(|view| view.path.clone()));
    let is_on = move || path.with_value(|path| reader.store().edits().is_previewed(path));
    view! {
        <button
            type="button"
            class="button button--small"
            on:click=move |_| path.with_value(|path| reader.store().edits().toggle_preview(path))
        >
            {dynamic(move || if is_on() { "Source" } else { "Preview" })}
        </button>
    }
    .into_any()
}

/// Whether it can be told where the lines that are shown are from.
fn can_blame(reader: Reader) -> bool {
    can_edit(reader) && !reader.view.with_value(|view| reader.store().edits().is_previewed(&view.path))
}

fn blame_button(reader: Reader) -> AnyView {
    let toggle = move |_| {
        reader.blamed.is_on.update(|on| *on = !*on);
        if reader.blamed.is_on.get_untracked() {
            reader.load();
        }
    };
    view! {
        <button
            type="button"
            class="button button--small"
            aria-pressed=dynamic(move || reader.blamed.is_on.get().to_string())
            on:click=toggle
        >
            "Blame"
        </button>
    }
    .into_any()
}

fn edit_button(reader: Reader) -> AnyView {
    let begin = move |_| reader.view.with_value(|view| reader.store().edits().begin(&view.path));
    view! {
        <button type="button" class="button button--small" on:click=begin>
            "Edit"
        </button>
    }
    .into_any()
}

/// Whether there is still something that can be shown alone.
fn is_there(file: Option<&ChangedFile>) -> bool {
    file.is_some_and(|file| file.change != ChangeKind::Removed)
}

/// What is to be known of a change besides its lines.
fn facts(file: &ChangedFile) -> AnyView {
    let (_, word) = change_word(file.change);
    let from = file.old_path.as_ref().map(|old| format!(" from {}", shown(old))).unwrap_or_default();
    let kind = file.old_kind.map(|old| format!(", {} → {}", kind_word(old), kind_word(file.kind))).unwrap_or_default();
    view! {
        <span class="code__facts">{format!("{word}{from}{kind}")}</span>
        {file.lines.map(|lines| count_view((lines.added, lines.removed)))}
    }
    .into_any()
}

fn kind_word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Executable => "executable",
        FileKind::Link => "link",
        FileKind::Submodule => "repository",
        FileKind::Folder => "folder",
        FileKind::Special => "pipe or device",
    }
}

fn diff_tools(reader: Reader, file: Memo<Option<ChangedFile>>) -> AnyView {
    let is_viewed = move || file.with(|file| file.as_ref().is_some_and(|file| reader.store().is_viewed(file)));
    view! {
        <label class="code__viewed">
            <input type="checkbox" prop:checked=dynamic(is_viewed) on:change=move |_| toggle_viewed(reader)/>
            "Viewed"
        </label>
        <select
            class="select code__layout"
            aria-label="Layout"
            prop:value=dynamic(move || if reader.store().layout.get() == Layout::Split { "split" } else { "unified" })
            on:change=move |event| {
                let is_split = event_target_value(&event) == "split";
                reader.store().layout.set(if is_split { Layout::Split } else { Layout::Unified });
            }
        >
            <option value="unified">"Unified"</option>
            <option value="split">"Side by side"</option>
        </select>
        <IconButton glyph=Glyph::ChevronUp label="Change before (p)" on_press=move |()| reader.step(false)/>
        <IconButton glyph=Glyph::ChevronDown label="Next change (n)" on_press=move |()| reader.step(true)/>
    }
    .into_any()
}
