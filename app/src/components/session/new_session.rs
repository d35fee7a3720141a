//! Beginning a session: workspace, agent, first prompt.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use octobot_wire::agent::Agent;
use octobot_wire::session::CreateSession;
use octobot_wire::{AgentId, WorkspaceId};
use web_sys::{KeyboardEvent, SubmitEvent};

use crate::browser::clock::idempotency_key;
use crate::browser::keys;
use crate::calls;
use crate::components::chat::prompt_area::PromptArea;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;
use crate::place::session_url;
use crate::words;

/// The composer of a new session.
#[component]
pub fn NewSession() -> impl IntoView {
    let store = ProjectStore::expect();
    let toasts = Toasts::expect();
    let navigate = use_navigate();
    let (workspace, agent) = (chosen_workspace(), RwSignal::new(None::<AgentId>));
    let (text, busy) = (RwSignal::new(String::new()), RwSignal::new(false));
    let begin = move || {
        let Some(workspace_id) = workspace.get_untracked() else { return };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let prompt = Some(text.get_untracked()).filter(|prompt| !prompt.trim().is_empty());
        let idempotency_key = Some(idempotency_key());
        let request = CreateSession { workspace_id, agent_id: agent.get_untracked(), prompt, idempotency_key };
        let navigate = navigate.clone();
        spawn_local(async move {
            let answer = calls::create_session(store.id(), request).await;
            let _ = busy.try_set(false);
            match answer {
                Ok(session) => {
                    let url = session_url(&store.id(), session.id);
                    store.put_session(session);
                    navigate(&url, NavigateOptions::default());
                }
                Err(failure) => toasts.failure("The session couldn't be created", &failure.0),
            }
        });
    };
    let begin_by_key = begin.clone();
    let key = move |event: KeyboardEvent| {
        if keys::is_send(&event) {
            event.prevent_default();
            begin_by_key();
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        begin();
    };
    let placeholder = Signal::derive(move || {
        let agent = agent.get();
        store.agents.with(|list| {
            let is_chosen = |known: &&Agent| agent.map_or(known.is_default, |agent| agent == known.id);
            let chosen = list.iter().find(is_chosen);
            chosen.map(|agent| words::placeholder(agent.agent_type, &agent.name)).unwrap_or_default()
        })
    });
    let label = move || if text.with(|text| text.trim().is_empty()) { "Start empty session" } else { "Start session" };
    view! {
        <form class="composer composer--new" on:submit=submit>
            <div class="composer__box">
                <PromptArea text area=NodeRef::new() placeholder disabled=false on_key=key/>
                <div class="composer__row">
                    <WorkspacePicker chosen=workspace/>
                    <AgentPicker chosen=agent/>
                    <button type="submit" class="button button--primary" disabled=dynamic(move || busy.get())>
                        <Icon glyph=Glyph::Send/>
                        {dynamic(label)}
                    </button>
                </div>
            </div>
            <p class="composer__hint" id="composer-hint">
                "Enter starts it · Shift+Enter for a new line"
            </p>
        </form>
    }
}

/// The workspace that the address asks for, or else the first.
fn chosen_workspace() -> RwSignal<Option<WorkspaceId>> {
    let store = ProjectStore::expect();
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| query.get("workspace").and_then(|id| id.parse().ok())));
    let first = move || store.workspaces.with_untracked(|list| list.first().map(|workspace| workspace.id));
    let chosen = RwSignal::new(asked.get_untracked().or_else(first));
    Effect::new(move |_| {
        if let Some(asked) = asked.get() {
            chosen.set(Some(asked));
        }
    });
    chosen
}

#[component]
fn WorkspacePicker(chosen: RwSignal<Option<WorkspaceId>>) -> impl IntoView {
    let store = ProjectStore::expect();
    view! {
        <select
            class="select"
            aria-label="Workspace"
            on:change=move |event| chosen.set(event_target_value(&event).parse().ok())
        >
            <Rows each=move || store.workspaces.get() key=|w| (w.id.uuid(), w.name.clone()) let:w>
                <option value=w.id.to_string() selected=dynamic(move || chosen.get() == Some(w.id))>
                    {w.name}
                </option>
            </Rows>
        </select>
    }
}

#[component]
fn AgentPicker(chosen: RwSignal<Option<AgentId>>) -> impl IntoView {
    let store = ProjectStore::expect();
    view! {
        <select
            class="select"
            aria-label="Agent"
            on:change=move |event| chosen.set(event_target_value(&event).parse().ok())
        >
            <Rows each=move || store.agents.get() key=|a| (a.id.uuid(), a.name.clone()) let:a>
                <option
                    value=a.id.to_string()
                    selected=dynamic(move || chosen.get().map_or(a.is_default, |chosen| chosen == a.id))
                >
                    {a.name}
                </option>
            </Rows>
        </select>
    }
}
