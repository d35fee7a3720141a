//! The main area while a file or a difference is shown in it.

use leptos::prelude::*;
use octobot_wire::code::Shape;

use super::desk::Desk;
use super::notes::NoteForm;
use super::panel::Asleep;
use super::reader::Reader;
use super::rows::CodeRows;
use super::shapes::shape_view;
use super::store::CodeStore;
use super::tabs::{Tabs, use_view};
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
    let reader = Reader::new(store, view);
    let seen = Memo::new(move |_| {
        reader.told.with(|told| told.as_ref().map(|told| told.as_ref().map(|told| told.shape).ok()))
    });
    let body = move || {
        if !store.is_running.get() {
            return view! { <Asleep store/> }.into_any();
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
