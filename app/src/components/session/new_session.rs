//! Beginning a session: workspace, agent, first prompt and the files that go with it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use octobot_wire::agent::Agent;
use octobot_wire::{AgentId, WorkspaceId};
use web_sys::{KeyboardEvent, SubmitEvent};

use super::beginning::Beginning;
use crate::browser::keys;
use crate::components::chat::attach_button::AttachButton;
use crate::components::chat::attachments::AttachedFiles;
use crate::components::chat::prompt_area::PromptArea;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::form::icon::{Glyph, Icon};
use crate::live::ProjectStore;
use crate::place::session_url;
use crate::words;

/// The composer of a new session.
#[component]
pub fn NewSession() -> impl IntoView {
    let store = ProjectStore::expect();
    let navigate = use_navigate();
    let beginning = Beginning::new(chosen_workspace());
    let Beginning { draft, tray, workspace, agent, busy, .. } = beginning;
    let begin = move || {
        if busy.get_untracked() || untrack(move || beginning.obstacle()).is_some() {
            return;
        }
        let navigate = navigate.clone();
        spawn_local(async move {
            if let Some(session) = beginning.begin().await {
                navigate(&session_url(&store.id(), session), NavigateOptions::default());
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
    let label = move || match busy.get() {
        true => "Starting…",
        false if draft.is_empty() => "Start empty session",
        false => "Start session",
    };
    let hint = move || beginning.obstacle().unwrap_or("Enter starts it · Shift+Enter for a new line");
    let cannot_begin = move || busy.get() || beginning.obstacle().is_some();
    view! {
        <form
            class="composer composer--new"
            on:submit=submit
            on:paste=move |event| draft.bring(&event)
            on:dragover=|event| event.prevent_default()
            on:drop=move |event| draft.bring(&event)
        >
            <AttachedFiles tray fixed=busy.into()/>
            <div class="composer__box">
                <PromptArea text=draft.text area=draft.area placeholder disabled=false on_key=key/>
                <div class="composer__row">
                    <AttachButton draft/>
                    <WorkspacePicker chosen=workspace/>
                    <AgentPicker chosen=agent/>
                    <button type="submit" class="button button--primary" disabled=dynamic(cannot_begin)>
                        <Icon glyph=Glyph::Send/>
                        {dynamic(label)}
                    </button>
                </div>
            </div>
            <p class="composer__hint" id="composer-hint">
                {dynamic(hint)}
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
