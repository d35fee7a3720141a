//! The panel of files: what changed first, then all files.

use leptos::prelude::*;
use octobot_wire::Problem;

use super::changed::ChangedList;
use super::committing::Committing;
use super::desk::Desk;
use super::files::{FileTree, FoundFiles};
use super::history::History;
use super::notes::Waiting;
use super::saving::Saving;
use super::span::Span;
use super::standing::Standing;
use super::store::CodeStore;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::session::actions::SessionActions;

/// The panel.
#[component]
pub fn FilesPanel() -> impl IntoView {
    let store = Desk::store();
    let standing = Standing::new(store);
    let filter = RwSignal::new(String::new());
    let is_filtered = Memo::new(move |_| filter.with(|filter| !filter.trim().is_empty()));
    view! {
        <div class="files">
            <Waiting store/>
            <input
                class="input files__filter"
                type="search"
                aria-label="Find files"
                placeholder="Find files"
                autocapitalize="off"
                spellcheck="false"
                prop:value=dynamic(move || filter.get())
                on:input=move |event| filter.set(event_target_value(&event))
            />
            <Span store/>
            {dynamic(move || state(store))}
            <ChangedList store standing filter/>
            <Committing standing/>
            <Saving store/>
            <History standing/>
            <When when=move || store.is_running.get()>
                <h2 class="files__heading">"All files"</h2>
                <When when=move || is_filtered.get() fallback=move || view! { <FileTree store path=String::new()/> }>
                    <FoundFiles store filter/>
                </When>
            </When>
        </div>
    }
}

/// What stands in the way of telling.
fn state(store: CodeStore) -> Option<AnyView> {
    if !store.is_running.get() {
        return Some(view! { <Asleep store/> }.into_any());
    }
    store.changes.with(|changes| match changes {
        Some(Ok(_)) => None,
        Some(Err(problem)) => Some(failed(store, problem)),
        None => Some(view! { <p class="files__note" role="status">"Looking at the files…"</p> }.into_any()),
    })
}

fn failed(store: CodeStore, problem: &Problem) -> AnyView {
    view! {
        <div class="files__note" role="alert">
            <p>{problem.detail.clone()}</p>
            <button type="button" class="button button--small" on:click=move |_| store.ask()>
                "Try again"
            </button>
        </div>
    }
    .into_any()
}

/// The sandbox doesn't run.
#[component]
pub fn Asleep(
    /// What is known of the code.
    store: CodeStore,
) -> impl IntoView {
    let actions = SessionActions::new();
    view! {
        <div class="files__note">
            <p>"Files can be looked at while the sandbox runs. They are kept when it stops."</p>
            <button type="button" class="button button--small" on:click=move |_| actions.start(store.session)>
                "Start sandbox"
            </button>
        </div>
    }
}
