//! The panel beside the chat: what is known of the session and its sandbox.

use leptos::prelude::*;
use octobot_wire::Timestamp;
use octobot_wire::session::Session;

use super::building::BuildLog;
use super::isolation::IsolationText;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
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
        <section class="details" id=Side::Details.name() aria-label="Details of the session">
            <div class="details__heading">
                <h2>"Details"</h2>
                <IconButton glyph=Glyph::Close label="Close the details" on_press=move |()| {
                    layout.toggle(Side::Details);
                }/>
            </div>
            <SessionFacts session/>
            <IsolationFacts session/>
            <h3>"Sandbox log"</h3>
            <When
                when=move || !log.with(Vec::is_empty)
                fallback=|| view! { <p class="faint">"Nothing was logged yet."</p> }
            >
                <BuildLog/>
            </When>
        </section>
    }
}

#[component]
fn SessionFacts(session: Memo<Option<Session>>) -> impl IntoView {
    let store = ProjectStore::expect();
    let project = StoredValue::new(store.id());
    let workspace = Memo::new(move |_| {
        let id = session.with(|s| s.as_ref().map(|s| s.workspace_id))?;
        store.workspaces.with(|list| list.iter().find(|known| known.id == id).cloned())
    });
    let agent = store.agent_of(session);
    let workspace_link = move || {
        let workspace = workspace.get()?;
        let url = project.with_value(|project| workspace_url(project, workspace.id));
        Some(view! { <a href=url>{workspace.name}</a> }.into_any())
    };
    let agent_link = move || {
        let agent = agent.get()?;
        let url = project.with_value(|project| agent_url(project, agent.id));
        Some(view! { <a href=url>{agent.name}</a> }.into_any())
    };
    let commit =
        move || view! { <CommitLine commit=workspace.get().and_then(|workspace| workspace.commit)/> }.into_any();
    let created = Signal::derive(move || session.with(|s| s.as_ref().map_or(Timestamp(0), |s| s.created_at)));
    view! {
        <dl class="facts">
            <dt>"Workspace"</dt>
            <dd>{dynamic(workspace_link)}</dd>
            <dt>"Commit"</dt>
            <dd>{dynamic(commit)}</dd>
            <dt>"Agent"</dt>
            <dd>{dynamic(agent_link)}</dd>
            <dt>"Created"</dt>
            <dd>
                <Since at=created in_full=true/>
            </dd>
        </dl>
    }
}

#[component]
fn IsolationFacts(session: Memo<Option<Session>>) -> impl IntoView {
    let isolation = Memo::new(move |_| session.with(|s| s.as_ref().and_then(|s| s.isolation.clone())));
    view! {
        <h3>"Isolation"</h3>
        <div class="details__text">
            {dynamic(move || match isolation.get() {
                Some(isolation) => view! { <IsolationText isolation/> }.into_any(),
                None => view! { <p class="faint">"There is no sandbox yet."</p> }.into_any(),
            })}
        </div>
    }
}
