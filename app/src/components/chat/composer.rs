//! Where prompts are written.

use leptos::html::Textarea;
use leptos::prelude::*;
use octobot_wire::project::SandboxSupport;
use octobot_wire::session::{Session, SessionState};
use web_sys::{KeyboardEvent, SubmitEvent};

use super::actions::TurnActions;
use crate::browser::keys;
use crate::components::form::icon::{Glyph, Icon};
use crate::live::{ProjectStore, SessionStore};

/// The composer of a session.
#[component]
pub fn Composer(
    /// The session.
    session: Memo<Option<Session>>,
) -> impl IntoView {
    let store = SessionStore::expect();
    let actions = TurnActions::new();
    let text = RwSignal::new(String::new());
    let obstacle = obstacle_of(session);
    let waits = move || !store.turns.with(Vec::is_empty) || !store.sending.with(Vec::is_empty);
    let send = move || {
        let prompt = text.get_untracked();
        if !prompt.trim().is_empty() && obstacle.get_untracked().is_none() {
            text.set(String::new());
            actions.submit(prompt, move |prompt| {
                // What was typed meanwhile is worth as much as what was refused.
                let _ = text.try_update(|text| {
                    *text = if text.is_empty() { prompt } else { format!("{prompt}\n{text}") };
                });
            });
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    let key = move |event: KeyboardEvent| {
        if keys::is_send(&event) {
            event.prevent_default();
            send();
        }
    };
    let hint = move || {
        obstacle.get().unwrap_or(if waits() {
            "Enter adds it to the queue · Shift+Enter for a new line"
        } else {
            "Enter sends · Shift+Enter for a new line"
        })
    };
    view! {
        <form class="composer" on:submit=submit>
            <div class="composer__box">
                <PromptArea text disabled=Signal::derive(move || obstacle.get().is_some()) on_key=key/>
                <button
                    type="submit"
                    class="button button--primary composer__send"
                    aria-label="Send"
                    title="Send (Enter)"
                    disabled=move || obstacle.get().is_some() || text.with(|text| text.trim().is_empty())
                >
                    <Icon glyph=Glyph::Send/>
                </button>
            </div>
            <p class="composer__hint" id="composer-hint">{hint}</p>
        </form>
    }
}

/// A text area that grows with its text.
#[component]
pub fn PromptArea(
    /// What is typed.
    text: RwSignal<String>,
    /// Whether nothing can be typed.
    #[prop(into)]
    disabled: Signal<bool>,
    /// A key was pressed.
    on_key: impl Fn(KeyboardEvent) + 'static,
) -> impl IntoView {
    // What was typed before the page came alive is kept: until it has been read, nothing is written over it.
    let area = NodeRef::<Textarea>::new();
    let is_read = RwSignal::new(false);
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            if text.with_untracked(String::is_empty) {
                text.set(area.value());
            }
            is_read.set(true);
        }
    });
    // The style sheet lays the text behind the area, which takes its height: no measuring.
    view! {
        <div class="grow">
            <div class="grow__measure" aria-hidden="true">{move || text.with(|text| format!("{text} "))}</div>
            <textarea
                class="grow__area"
                rows="1"
                aria-label="Prompt"
                aria-describedby="composer-hint"
                placeholder="Write a shell script"
                spellcheck="false"
                autocapitalize="off"
                enterkeyhint="send"
                disabled=move || disabled.get()
                node_ref=area
                prop:value=move || (is_read.get() || text.with(|text| !text.is_empty())).then(|| text.get())
                on:input=move |event| text.set(event_target_value(&event))
                on:keydown=on_key
            ></textarea>
        </div>
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
