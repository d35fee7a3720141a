//! A session's page: the chat, and the details beside it.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use octobot_wire::agent::AgentTypeId;
use octobot_wire::session::{Session, SessionView};

use super::agent_bar::AgentBar;
use super::building::Building;
use super::details::SessionDetails;
use super::fork::Forking;
use super::origin::origin_note;
use super::rewind::Rewinding;
use super::state_notice::StateNotice;
use crate::components::chat::composer::Composer;
use crate::components::chat::draft::Draft;
use crate::components::chat::queue::Queue;
use crate::components::chat::running::RunningTurn;
use crate::components::chat::transcript::Transcript;
use crate::components::chat::viewport::Viewport;
use crate::components::code::desk::Desk;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::frame::layout::Side;
use crate::components::frame::resizer::Resizer;
use crate::late::{self, Late};
use crate::live::follow::Follower;
use crate::live::{ProjectStore, SessionStore};
use crate::place::{Panes, use_panes};

/// The session. Gives everything inside it its store, and has it fed while it is shown.
#[component]
pub fn SessionScreen(
    /// What it shows.
    view: SessionView,
) -> impl IntoView {
    let project = ProjectStore::expect();
    let follower = Follower::expect();
    let (as_of, session, id) = (view.as_of, view.session.clone(), view.session.id);
    // One that was created between the two answers. Not before the page is alive: the sidebar was rendered without it.
    Effect::new(move |_| {
        if project.find_session(id).is_none() {
            project.put_session(session.clone());
        }
    });
    let store = SessionStore::new(view);
    provide_context(store);
    provide_context(Viewport::new());
    let draft = Draft::new();
    provide_context(draft);
    provide_context(Desk::new());
    let (forking, rewinding) = (Forking::new(), Rewinding::new());
    provide_context((forking, rewinding));
    follower.show(store, as_of);
    on_cleanup(move || follower.hide(store));
    let session = project.session(id);
    let agent = project.agent_of(session);
    let panes = use_panes();
    // Terminals are the browser's: nothing of them is in the first paint. And a browser takes over what the server rendered before
    // the chunk with the code's part is there.
    let is_alive = store.is_alive;
    Effect::new(move |_| is_alive.set(true));
    let wants_terminal = move || is_alive.get() && panes.get() != Panes::Chat;
    let is_shell = move || agent.with(|a| a.as_ref().is_none_or(|a| a.agent_type == AgentTypeId::Shell));
    let search = use_location().search;
    let has_code =
        Memo::new(move |_| search.with(|search| ["diff=", "file="].iter().any(|part| search.contains(part))));
    view! {
        <div
            class="session"
            class:session--shell=dynamic(is_shell)
            data-panes=dynamic(move || panes.get().name())
            class:session--code=dynamic(move || has_code.get())
        >
            <div
                class="session__chat"
                on:dragover=|event| event.prevent_default()
                on:drop=move |event| draft.bring(&event)
            >
                <AgentBar/>
                <div class="session__transcript">
                    <Transcript>
                        <EmptyTranscript session/>
                        {dynamic(move || origin_note(session))}
                        <Building id session/>
                        <StateNotice id session/>
                    </Transcript>
                </div>
                <div class="session__foot">
                    <RunningTurn/>
                    <Queue/>
                    <Composer session/>
                </div>
            </div>
            {late::show_once(move || is_alive.get() && has_code.get(), Late::Code)}
            {late::show_dialog(forking.open, Late::ForkSession(id, forking))}
            {late::show_dialog(rewinding.open, Late::Rewind(rewinding))}
            <section class="session__terminal" aria-label="Terminals">
                {late::show_once(wants_terminal, Late::Terminals(id))}
            </section>
            <Resizer side=Side::Details/>
            <SessionDetails session is_alive/>
        </div>
    }
}

/// How to begin, while nothing was said.
#[component]
fn EmptyTranscript(session: Memo<Option<Session>>) -> impl IntoView {
    let store = SessionStore::expect();
    let is_empty = move || {
        store.messages.with(Vec::is_empty) && store.turns.with(Vec::is_empty) && store.sending.with(Vec::is_empty)
    };
    let agent = ProjectStore::expect().agent_of(session);
    let advice = move || {
        let agent = agent.get()?;
        Some(if agent.agent_type == AgentTypeId::Shell {
            view! {
                <p>
                    "Each prompt runs as a script in the session’s sandbox. Its working directory and variables are kept
                    for the next one. Try " <code>"ls"</code> " or " <code>"git log --oneline"</code> "."
                </p>
            }
            .into_any()
        } else {
            view! {
                <p>
                    {agent.name}
                    " works on this session’s own copy of the code, in its sandbox. Say what you want changed, or ask
                    about the code."
                </p>
            }
            .into_any()
        })
    };
    view! {
        <When when=is_empty>
            <div class="empty empty--chat">
                <p class="empty__title">"What should happen?"</p>
                {dynamic(advice)}
            </div>
        </When>
    }
}
