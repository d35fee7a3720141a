//! A workspace.

use leptos::prelude::*;
use octobot_wire::WorkspaceId;
use octobot_wire::workspace::WorkspaceState;

use super::not_found::NotFound;
use super::title::live_title;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::badge::Badge;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::inline_edit::InlineEdit;
use crate::components::sidebar::session_row::SessionRow;
use crate::components::workspace::actions::WorkspaceActions;
use crate::components::workspace::facts::WorkspaceFacts;
use crate::components::workspace::limits::WorkspaceLimitsDialog;
use crate::components::workspace::progress::WorkspaceProgress;
use crate::components::workspace::remove::RemoveWorkspaceDialog;
use crate::live::ProjectStore;
use crate::place::{new_session_url, workspace_network_url};
use crate::words::{self, Tone};

/// The workspace that the address names.
#[component]
pub fn WorkspacePage(
    /// The workspace.
    id: WorkspaceId,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let is_known = Memo::new(move |_| store.workspaces.with(|list| list.iter().any(|w| w.id == id)));
    dynamic(move || {
        if is_known.get() {
            view! { <Workspace id/> }.into_any()
        } else {
            view! { <NotFound what="workspace"/> }.into_any()
        }
    })
}

#[component]
fn Workspace(id: WorkspaceId) -> impl IntoView {
    let workspace = ProjectStore::expect().workspace(id);
    let actions = WorkspaceActions::new();
    let name = Signal::derive(move || workspace.with(|w| w.as_ref().map(|w| w.name.clone()).unwrap_or_default()));
    let state = Memo::new(move |_| {
        workspace.with(|w| w.as_ref().map_or(("", Tone::Quiet), |w| words::workspace_state(&w.state)))
    });
    view! {
        {live_title(move || name.get())}
        <div class="page">
            <div class="page__head">
                <h1 class="page__title">
                    <InlineEdit
                        text=name
                        label="Rename the workspace"
                        on_change=move |name: String| actions.rename(id, name)
                    />
                </h1>
                <Badge
                    text=Signal::derive(move || state.get().0.to_owned())
                    tone=Signal::derive(move || state.get().1)
                />
            </div>
            <WorkspaceProgress workspace/>
            <WorkspaceButtons id name/>
            {dynamic(move || workspace.get().map(|workspace| view! { <WorkspaceFacts workspace/> }.into_any()))}
            <WorkspaceSessions id/>
        </div>
    }
}

#[component]
fn WorkspaceButtons(id: WorkspaceId, name: Signal<String>) -> impl IntoView {
    let store = ProjectStore::expect();
    let workspace = store.workspace(id);
    let actions = WorkspaceActions::new();
    let (limiting, removing) = (RwSignal::new(false), RwSignal::new(false));
    let is_ready = move || workspace.with(|w| w.as_ref().is_some_and(|w| w.state == WorkspaceState::Ready));
    view! {
        <div class="page__actions">
            <When when=is_ready>
                <a class="button button--primary" href=new_session_url(&store.id(), id)>
                    <Icon glyph=Glyph::Plus/>
                    "New session"
                </a>
            </When>
            <button type="button" class="button" on:click=move |_| actions.refresh(id)>
                <Icon glyph=Glyph::Refresh/>
                "Refresh"
            </button>
            <button type="button" class="button" on:click=move |_| limiting.set(true)>
                "Limits"
            </button>
            <a class="button" href=workspace_network_url(&store.id(), id)>
                <Icon glyph=Glyph::Globe/>
                "Network"
            </a>
            <button type="button" class="button button--quiet-danger" on:click=move |_| removing.set(true)>
                <Icon glyph=Glyph::Trash/>
                "Remove"
            </button>
            <WorkspaceLimitsDialog id open=limiting/>
            <RemoveWorkspaceDialog id name open=removing/>
        </div>
    }
}

#[component]
fn WorkspaceSessions(id: WorkspaceId) -> impl IntoView {
    let store = ProjectStore::expect();
    let sessions = Memo::new(move |_| {
        store.sessions.with(|list| list.iter().filter(|s| s.workspace_id == id).map(|s| s.id).collect::<Vec<_>>())
    });
    view! {
        <h2 class="page__subtitle">"Sessions"</h2>
        <When
            when=move || !sessions.with(Vec::is_empty)
            fallback=|| view! { <p class="faint">"None yet. A new session gets its own copy of the code."</p> }
        >
            <ul class="tree tree--page">
                <Rows each=move || sessions.get() key=|id| id.uuid() let:id>
                    <SessionRow id/>
                </Rows>
            </ul>
        </When>
    }
}
