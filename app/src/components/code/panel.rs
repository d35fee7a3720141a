//! The panel of files: what changed first, then all files.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use octobot_wire::Problem;
use web_sys::KeyboardEvent;

use super::branches::BranchBar;
use super::changed::ChangedList;
use super::committing::Committing;
use super::desk::Desk;
use super::file_menu::{file_menu, menu_button};
use super::files::{FileTree, FoundFiles};
use super::history::History;
use super::notes::Waiting;
use super::saving::Saving;
use super::search::search_view;
use super::span::Span;
use super::standing::Standing;
use super::store::CodeStore;
use super::view::View;
use crate::browser::focus::focus;
use crate::browser::keys::is_enter;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::frame::layout::{Layout, Side};
use crate::components::session::actions::SessionActions;

/// The panel.
#[component]
pub fn FilesPanel() -> impl IntoView {
    let store = Desk::store();
    let standing = Standing::new(store);
    let filter = RwSignal::new(String::new());
    let field = NodeRef::<html::Input>::new();
    on_ctrl_p(store, field);
    let navigate = use_navigate();
    let key = move |event: KeyboardEvent| {
        if !is_enter(&event) {
            return;
        }
        let navigate = navigate.clone();
        let name = filter.with_untracked(|filter| filter.trim().to_owned());
        spawn_local(async move {
            let found = calls::find_files(store.project(), store.session, name).await.unwrap_or_default();
            if let Some(best) = found.first() {
                navigate(&View::file(best).url(&store.project(), store.session), NavigateOptions::default());
            }
        });
    };
    let is_filtered = Memo::new(move |_| filter.with(|filter| !filter.trim().is_empty()));
    view! {
        <div class="files">
            <Waiting store/>
            <input
                class="input files__filter"
                type="search"
                aria-label="Find files"
                title="Ctrl+P, or Cmd+P on a Mac. Enter opens the best."
                placeholder="Find files"
                node_ref=field
                on:keydown=key
                autocapitalize="off"
                spellcheck="false"
                prop:value=dynamic(move || filter.get())
                on:input=move |event| filter.set(event_target_value(&event))
            />
            <BranchBar standing/>
            <Span store/>
            {dynamic(move || state(store))}
            <ChangedList store standing filter/>
            <Committing standing/>
            <Saving store/>
            {file_menu(store)}
            <When when=move || store.is_running.get()>{search_view(store)}</When>
            <History standing/>
            <When when=move || store.is_running.get()>
                <h2 class="files__heading files__heading--all">"All files" {menu_button(store, "", true)}</h2>
                <When when=move || is_filtered.get() fallback=move || view! { <FileTree store path=String::new()/> }>
                    <FoundFiles store filter/>
                </When>
            </When>
        </div>
    }
}

/// Ctrl+P, or Cmd+P on a Mac, leads to the field in which files are found, also where the panel was put away.
fn on_ctrl_p(store: CodeStore, field: NodeRef<html::Input>) {
    let layout = Layout::expect();
    let listener = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
        let is_meant = (event.ctrl_key() || event.meta_key()) && !event.shift_key() && !event.alt_key();
        let Some(Some(input)) = field.try_get_untracked().filter(|_| is_meant && event.key() == "p") else { return };
        if store.is_running.try_get_untracked() != Some(true) {
            return;
        }
        event.prevent_default();
        if input.offset_parent().is_none() {
            layout.toggle(Side::Details);
        }
        request_animation_frame(move || {
            focus(&input);
            input.select();
        });
    });
    on_cleanup(move || listener.remove());
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
