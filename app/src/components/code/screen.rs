//! The main area while a file or a difference is shown in it.

use leptos::prelude::*;
use octobot_wire::code::Shape;

use super::desk::Desk;
use super::editor::file_editor;
use super::notes::NoteForm;
use super::panel::Asleep;
use super::preview::preview;
use super::reader::Reader;
use super::rows::CodeRows;
use super::shapes::shape_view;
use super::store::CodeStore;
use super::tabs::{Tabs, use_line, use_view};
use super::toolbar::Toolbar;
use super::view::View;
use crate::components::dynamic::dynamic;

/// Tabs, and what the address names.
#[component]
pub fn CodeScreen() -> impl IntoView {
    let store = Desk::store();
    let view = use_view();
    view! {
        <div class="code-pane">
            <Tabs store view/>
            {dynamic(move || view.get().map(|view| view! { <Opened store view/> }.into_any()))}
        </div>
    }
}

#[component]
fn Opened(store: CodeStore, view: View) -> impl IntoView {
    let reader = Reader::new(store, view.clone());
    let edited = view.path.clone();
    let previewed = view.clone();
    let is_edited = Memo::new(move |_| !view.is_diff && store.edits().is_open(&view.path));
    let is_previewed = Memo::new(move |_| !previewed.is_diff && store.edits().is_previewed(&previewed.path));
    let seen = Memo::new(move |_| {
        reader.told.with(|told| told.as_ref().map(|told| told.as_ref().map(|told| told.shape).ok()))
    });
    let line = use_line();
    let is_there = Memo::new(move |_| matches!(seen.get(), Some(Some(Shape::Text))) && !is_edited.get());
    Effect::new(move |_| {
        if let (Some(line), true) = (line.get(), is_there.get()) {
            // The box of the rows has its height then.
            request_animation_frame(move || reader.go(line.saturating_sub(1)));
        }
    });
    // What was saved may be of no change that is told.
    Effect::new(move |was_edited: Option<bool>| {
        let is_edited = is_edited.get();
        if was_edited == Some(true) && !is_edited {
            reader.load();
        }
        is_edited
    });
    let body = move || {
        if !store.is_running.get() {
            return view! { <Asleep store/> }.into_any();
        }
        if is_edited.get() {
            return file_editor(store, edited.clone());
        }
        if is_previewed.get() {
            return preview(store, edited.clone());
        }
        match seen.get() {
            None => view! { <p class="code__note" role="status">"Reading…"</p> }.into_any(),
            Some(None) => failed(reader),
            Some(Some(Shape::Text)) => view! { <CodeRows reader/> }.into_any(),
            Some(Some(_)) => dynamic(move || shape_view(reader)).into_any(),
        }
    };
    view! {
        <Toolbar reader/>
        {dynamic(body)}
        <NoteForm reader/>
    }
}

fn failed(reader: Reader) -> AnyView {
    let detail = move || {
        reader.told.with(|told| match told {
            Some(Err(problem)) => problem.detail.clone(),
            Some(Ok(_)) | None => String::new(),
        })
    };
    view! {
        <div class="code__note" role="alert">
            <p>{dynamic(detail)}</p>
            <button type="button" class="button button--small" on:click=move |_| reader.load()>
                "Try again"
            </button>
        </div>
    }
    .into_any()
}
