//! Where prompts are written.

use leptos::prelude::*;
use octobot_wire::agent::AgentTypeId;
use octobot_wire::project::SandboxSupport;
use octobot_wire::session::{Session, SessionState};
use web_sys::{KeyboardEvent, SubmitEvent};

use super::actions::TurnActions;
use super::commands::{CommandList, Completion};
use super::draft::Draft;
use super::history::History;
use super::prompt_area::PromptArea;
use crate::browser::keys;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::live::{ProjectStore, SessionStore};
use crate::words;

/// The composer of a session.
#[component]
pub fn Composer(
    /// The session.
    session: Memo<Option<Session>>,
) -> impl IntoView {
    let store = SessionStore::expect();
    let project = ProjectStore::expect();
    let actions = TurnActions::new();
    let Draft { text, area } = Draft::expect();
    let (completion, history) = (Completion::new(text, store.agent), History::new(text, store));
    let obstacle = obstacle_of(session);
    let waits = move || !store.turns.with(Vec::is_empty) || !store.sending.with(Vec::is_empty);
    let runs = store.current_turn();
    let send = move |steer: bool| {
        let prompt = text.get_untracked();
        if !prompt.trim().is_empty() && obstacle.get_untracked().is_none() {
            text.set(String::new());
            actions.submit(prompt, steer, move |prompt| {
                // What was typed meanwhile is worth as much as what was refused.
                let _ = text.try_update(|text| {
                    *text = if text.is_empty() { prompt } else { format!("{prompt}\n{text}") };
                });
            });
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send(false);
    };
    let key = move |event: KeyboardEvent| {
        if completion.take_key(&event) || history.take_key(&event) {
            event.prevent_default();
        } else if keys::is_send(&event) {
            event.prevent_default();
            send(keys::is_steer(&event));
        }
    };
    let is_empty = move || obstacle.get().is_some() || text.with(|text| text.trim().is_empty());
    let hint = move || {
        obstacle.get().unwrap_or(if waits() {
            "Enter adds it to the queue · Ctrl+Enter stops the turn and sends it now · Shift+Enter for a new line"
        } else {
            "Enter sends · Shift+Enter for a new line"
        })
    };
    let agent = project.agent_of(session);
    let placeholder = Signal::derive(move || match agent.get() {
        Some(agent) => words::placeholder(agent.agent_type, &agent.name),
        None => words::placeholder(AgentTypeId::Shell, ""),
    });
    view! {
        <form class="composer" on:submit=submit>
            <CommandList completion/>
            <div class="composer__box">
                <PromptArea
                    text
                    area
                    placeholder
                    disabled=Signal::derive(move || obstacle.get().is_some())
                    option=completion.option()
                    on_key=key
                />
                <When when=move || runs.with(Option::is_some)>
                    <button
                        type="button"
                        class="button composer__steer"
                        title="Stop the turn that runs and send this now (Ctrl+Enter)"
                        aria-keyshortcuts="Control+Enter Meta+Enter"
                        disabled=dynamic(is_empty)
                        on:click=move |_| send(true)
                    >
                        "Send now"
                    </button>
                </When>
                <button
                    type="submit"
                    class="button button--primary composer__send"
                    aria-label="Send"
                    title="Send (Enter)"
                    disabled=dynamic(is_empty)
                >
                    <Icon glyph=Glyph::Send/>
                </button>
            </div>
            <p class="composer__hint" id="composer-hint">{dynamic(hint)}</p>
        </form>
    }
}

/// Why a prompt can't be sent now. One that only has to wait is no obstacle: it is queued.
fn obstacle_of(session: Memo<Option<Session>>) -> Memo<Option<&'static str>> {
    let sandboxes = ProjectStore::expect().sandboxes;
    Memo::new(move |_| {
        if session.with(|s| s.as_ref().is_none_or(|s| s.state == SessionState::Removing)) {
            Some("The session is being deleted")
        } else if sandboxes.with(|support| matches!(support, SandboxSupport::Unavailable { .. })) {
            Some("Sandboxes can't be made on this server: see above")
        } else {
            None
        }
    })
}
