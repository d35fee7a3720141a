//! The panel beside the chat: the session's files, or what is known of it and its sandbox.

use leptos::prelude::*;
use octobot_wire::Timestamp;
use octobot_wire::session::Session;

use super::building::BuildLog;
use super::isolation::IsolationText;
use super::origin::origin;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::components::form::since::Since;
use crate::components::frame::layout::{Layout, Side};
use crate::components::workspace::facts::CommitLine;
use crate::late::{self, Late};
use crate::live::{ProjectStore, SessionStore};
use crate::place::{agent_url, workspace_url};

/// The details panel.
#[component]
pub fn SessionDetails(
    /// The session.
    session: Memo<Option<Session>>,
    /// Whether the page is alive, so that more of it can be loaded.
    is_alive: RwSignal<bool>,
) -> impl IntoView {
    let layout = Layout::expect();
    let log = SessionStore::expect().log;
    let has_facts = RwSignal::new(false);
    let choice = move |word: &'static str, facts: bool| {
        view! {
            <button
                type="button"
                class="details__choice"
                aria-pressed=dynamic(move || (has_facts.get() == facts).to_string())
                on:click=move |_| has_facts.set(facts)
            >
                {word}
            </button>
        }
        .into_any()
    };
    view! {
        <section class="details" id=Side::Details.name() aria-label="Files and details of the session">
            <div class="details__heading">
                {choice("Files", false)} {choice("Details", true)}
                <IconButton glyph=Glyph::Close label="Close the panel" on_press=move |()| {
                    layout.toggle(Side::Details);
                }/>
            </div>
            <When
                when=move || has_facts.get()
                fallback=move || late::show_once(move || is_alive.get(), Late::Files)
            >
                <SessionFacts session/>
                <IsolationFacts session/>
                <h2>"Sandbox log"</h2>
                <When
                    when=move || !log.with(Vec::is_empty)
                    fallback=|| view! { <p class="faint">"Nothing was logged yet."</p> }
                >
                    <BuildLog/>
                </When>
            </When>
        </section>
    }
}

#[component]
fn SessionFacts(session: Memo<Option<Session>>) -> impl IntoView {
    let store = ProjectStore::expect();
    let project = StoredValue::new(store.id());
    let workspace = store.workspace_of(session);
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
            {dynamic(move || {
                origin(session).map(|link| view! { <dt>"Forked from"</dt> <dd>{link}</dd> }.into_any())
            })}
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
        <h2>"Isolation"</h2>
        <div class="details__text">
            {dynamic(move || match isolation.get() {
                Some(isolation) => view! { <IsolationText isolation/> }.into_any(),
                None => view! { <p class="faint">"There is no sandbox yet."</p> }.into_any(),
            })}
        </div>
    }
}
