//! The panel beside the chat: what is known of the session and its sandbox.

use leptos::prelude::*;
use octobot_wire::session::Session;

use super::building::BuildLog;
use super::isolation::IsolationText;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::components::form::since::Since;
use crate::components::frame::layout::{Layout, Side};
use crate::components::workspace::facts::CommitLine;
use crate::live::{ProjectStore, SessionStore};
use crate::place::{agent_url, workspace_url};

/// The details panel.
#[component]
pub fn SessionDetails(
    /// The session.
    session: Memo<Option<Session>>,
) -> impl IntoView {
    let layout = Layout::expect();
    let log = SessionStore::expect().log;
    view! {
        <aside class="details" id=Side::Details.name() aria-label="Details of the session">
            <div class="details__heading">
                <h2>"Details"</h2>
                <IconButton glyph=Glyph::Close label="Close the details" on_press=move |()| {
                    layout.toggle(Side::Details);
                }/>
            </div>
            {move || session.get().map(|session| view! { <SessionFacts session/> })}
            <h3>"Sandbox log"</h3>
            <Show
                when=move || !log.with(Vec::is_empty)
                fallback=|| view! { <p class="faint">"Nothing was logged yet."</p> }
            >
                <BuildLog/>
            </Show>
        </aside>
    }
    .into_any()
}

#[component]
fn SessionFacts(session: Session) -> impl IntoView {
    let store = ProjectStore::expect();
    let project = store.id();
    let workspace = store.workspaces.with(|list| list.iter().find(|w| w.id == session.workspace_id).cloned());
    let agent = store.agents.with(|list| list.iter().find(|a| a.id == session.agent_id).cloned());
    let commit = workspace.as_ref().and_then(|workspace| workspace.commit.clone());
    view! {
        <dl class="facts">
            <dt>"Workspace"</dt>
            <dd>{workspace.map(|w| view! { <a href=workspace_url(&project, w.id)>{w.name}</a> })}</dd>
            <dt>"Commit"</dt>
            <dd>
                <CommitLine commit/>
            </dd>
            <dt>"Agent"</dt>
            <dd>{agent.map(|a| view! { <a href=agent_url(&project, a.id)>{a.name}</a> })}</dd>
            <dt>"Created"</dt>
            <dd>
                <Since at=session.created_at/>
            </dd>
        </dl>
        <h3>"Isolation"</h3>
        <div class="details__text">
            {match session.isolation {
                Some(isolation) => view! { <IsolationText isolation/> }.into_any(),
                None => view! { <p class="faint">"There is no sandbox yet."</p> }.into_any(),
            }}
        </div>
    }
    .into_any()
}
