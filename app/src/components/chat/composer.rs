//! Where prompts are written.

use leptos::prelude::*;
use octobot_wire::agent::AgentTypeId;
use octobot_wire::project::SandboxSupport;
use octobot_wire::session::{Session, SessionState};
use web_sys::{KeyboardEvent, SubmitEvent};

use super::actions::TurnActions;
use super::attach_button::AttachButton;
use super::completion::Completion;
use super::draft::Draft;
use super::history::History;
use super::prompt_area::PromptArea;
use crate::browser::keys;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::late::{Late, show_once};
use crate::live::{ProjectStore, SessionStore};
use crate::words;

/// The composer of a session.
#[component]
pub fn Composer(
    /// The session.
    session: Memo<Option<Session>>,
) -> impl IntoView {
    let store = SessionStore::expect();
    let actions = TurnActions::new();
    let draft = Draft::expect();
    let Draft { text, area, .. } = draft;
    let (completion, history) = (Completion::new(), History::new(text, store));
    let obstacle = obstacle_of(session);
    let waits = move || !store.turns.with(Vec::is_empty) || !store.sending.with(Vec::is_empty);
    let runs = store.current_turn();
    let is_unsendable =
        move || obstacle.get().is_some() || text.with(|text| text.trim().is_empty()) || !draft.is_complete();
    let send = move |steer: bool| {
        if !untrack(is_unsendable) {
            actions.submit(draft, steer);
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
    let has_files = move || !draft.given.with(Vec::is_empty) || !draft.attached.with(Vec::is_empty);
    let hint = move || {
        obstacle.get().unwrap_or(if !draft.is_complete() {
            "Every file has to be uploaded or removed first"
        } else if waits() {
            "Enter adds it to the queue · Ctrl+Enter stops the turn and sends it now · Shift+Enter for a new line"
        } else {
            "Enter sends · Shift+Enter for a new line"
        })
    };
    let placeholder = placeholder_of(session);
    view! {
        <form
            class="composer"
            on:submit=submit
            on:paste=move |event| draft.bring(&event)
        >
            {completion.list(draft)}
            {show_once(has_files, Late::Attachments(draft))}
            <div class="composer__box">
                <AttachButton draft/>
                <PromptArea
                    text
                    area
                    placeholder
                    disabled=Signal::derive(move || obstacle.get().is_some())
                    option=completion.option.into()
                    on_key=key
                />
                <When when=move || runs.with(Option::is_some)>
                    <SteerButton disabled=Signal::derive(is_unsendable) on_press=move |()| send(true)/>
                </When>
                <button
                    type="submit"
                    class="button button--primary composer__send"
                    aria-label="Send"
                    title="Send (Enter)"
                    disabled=dynamic(is_unsendable)
                >
                    <Icon glyph=Glyph::Send/>
                </button>
            </div>
            <p class="composer__hint" id="composer-hint">{dynamic(hint)}</p>
        </form>
    }
}

/// Sends the prompt before all that waits.
#[component]
fn SteerButton(disabled: Signal<bool>, #[prop(into)] on_press: Callback<()>) -> impl IntoView {
    view! {
        <button
            type="button"
            class="button composer__steer"
            title="Stop the turn that runs and send this now (Ctrl+Enter)"
            aria-keyshortcuts="Control+Enter Meta+Enter"
            disabled=dynamic(move || disabled.get())
            on:click=move |_| on_press.run(())
        >
            "Send now"
        </button>
    }
}

/// What the area says while nothing is typed.
fn placeholder_of(session: Memo<Option<Session>>) -> Signal<String> {
    let agent = ProjectStore::expect().agent_of(session);
    Signal::derive(move || match agent.get() {
        Some(agent) => words::placeholder(agent.agent_type, &agent.name),
        None => words::placeholder(AgentTypeId::Shell, ""),
    })
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
