//! A file in an editor, with what can be done with it.

use leptos::prelude::*;

use super::editing::{Editing, Stage};
use super::store::CodeStore;
use crate::components::dynamic::dynamic;
use crate::components::form::notice::Notice;
use crate::words::Tone;

/// The editor.
pub fn file_editor(store: CodeStore, path: String) -> AnyView {
    let editing = Editing::new(store, path);
    let is_gone = Memo::new(move |_| editing.theirs.with(|theirs| theirs.as_ref().map(|theirs| theirs.text.is_none())));
    view! {
        <div class="editor__bar" role="group" aria-label="Editing">
            <span class="editor__state" role="status">
                {dynamic(move || state_word(editing))}
            </span>
            <button
                type="button"
                class="button button--small button--primary"
                title="Ctrl+S, or Cmd+S on a Mac"
                disabled=dynamic(move || !editing.is_dirty() || editing.stage.get() != Stage::Open)
                on:click=move |_| editing.save()
            >
                "Save"
            </button>
            <button type="button" class="button button--small" on:click=move |_| editing.leave()>
                {dynamic(move || if editing.is_dirty() { "Discard" } else { "Done" })}
            </button>
        </div>
        {dynamic(move || failure(editing))}
        {dynamic(move || unread(editing))}
        {dynamic(move || is_gone.get().map(|is_gone| conflict(editing, is_gone)))}
        <div class="editor" node_ref=editing.host></div>
    }
    .into_any()
}

fn state_word(editing: Editing) -> &'static str {
    match editing.stage.get() {
        Stage::Loading => "Opening the editor…",
        Stage::Failed(_) => "",
        Stage::Saving => "Saving…",
        Stage::Open if editing.is_dirty() => "Not saved yet",
        Stage::Open => "Saved",
    }
}

fn failure(editing: Editing) -> Option<AnyView> {
    let Stage::Failed(detail) = editing.stage.get() else { return None };
    let view = view! {
        <div class="code__note" role="alert">
            <p>{detail}</p>
            <button type="button" class="button button--small" on:click=move |_| editing.load()>
                "Try again"
            </button>
        </div>
    };
    Some(view.into_any())
}

/// Says that nobody knows whether somebody else has changed the file. It isn't saved over that unseen: that is compared again then.
fn unread(editing: Editing) -> Option<AnyView> {
    let detail = editing.unread.get()?;
    let view = view! {
        <div class="code__note" role="status">
            <p>"The file couldn’t be read again, so it may be another by now. " {detail}</p>
            <button type="button" class="button button--small" on:click=move |_| editing.look()>
                "Try again"
            </button>
        </div>
    };
    Some(view.into_any())
}

/// What to do where somebody else has changed the file as well.
fn conflict(editing: Editing, is_gone: bool) -> AnyView {
    let (title, take) = if is_gone {
        ("This file was deleted, or isn’t text any more.", "Let it go")
    } else {
        ("This file was changed meanwhile, by the agent or by somebody else.", "Take theirs")
    };
    let compare = move || {
        let words = move || if editing.compares.get() { "Hide difference" } else { "See difference" };
        view! {
            <button type="button" class="button button--small" on:click=move |_| editing.toggle_comparison()>
                {dynamic(words)}
            </button>
        }
    };
    view! {
        <Notice tone=Tone::Warning title>
            <p>"Nothing of yours is lost: it is kept here until you choose."</p>
            <div class="editor__choices">
                <button type="button" class="button button--small" on:click=move |_| editing.keep_mine()>
                    "Keep mine"
                </button>
                <button type="button" class="button button--small" on:click=move |_| editing.take_theirs()>
                    {take}
                </button>
                {(!is_gone).then(compare)}
            </div>
        </Notice>
    }
    .into_any()
}
