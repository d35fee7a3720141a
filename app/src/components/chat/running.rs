//! The turn that the agent has now, and the button that stops it.

use leptos::prelude::*;
use octobot_wire::turn::TurnState;
use octobot_wire::usage::Usage;
use web_sys::KeyboardEvent;

use super::actions::TurnActions;
use super::permission;
use super::tool_status::Running;
use super::viewport::Viewport;
use crate::browser::focus::focus_first_control;
use crate::components::dynamic::dynamic;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::spinner::Spinner;
use crate::live::SessionStore;
use crate::words;

/// The strip above the composer. Nothing when no turn runs.
#[component]
pub fn RunningTurn() -> impl IntoView {
    let actions = TurnActions::new();
    let turn = SessionStore::expect().current_turn();
    Effect::new(move |_| {
        let listener = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
            let is_stop = event.ctrl_key() && event.key() == ".";
            if let Some(turn) = turn.try_get_untracked().flatten().filter(|_| is_stop) {
                event.prevent_default();
                actions.cancel(turn.id);
            }
        });
        on_cleanup(move || listener.remove());
    });
    dynamic(move || {
        let turn = turn.get()?;
        let state = match (turn.state, turn.started_at) {
            (TurnState::Waiting, _) => view! { <WaitingForYou/> }.into_any(),
            (_, Some(since)) => view! { <Spinner/> <Running since/> }.into_any(),
            (_, None) => view! { <Spinner/> "Starting" }.into_any(),
        };
        let cost = (turn.usage != Usage::default()).then(|| words::usage(turn.usage));
        let strip = view! {
            <div class="running">
                <span class="running__state">{state}</span>
                <span>{cost}</span>
                <button
                    type="button"
                    class="button button--small"
                    title="Stop the turn (Ctrl+.)"
                    aria-keyshortcuts="Control+."
                    on:click=move |_| actions.cancel(turn.id)
                >
                    <Icon glyph=Glyph::Stop/>
                    "Stop"
                </button>
            </div>
        };
        Some(strip.into_any())
    })
}

/// Says that the agent has asked something, and leads there.
#[component]
fn WaitingForYou() -> impl IntoView {
    let (store, viewport) = (SessionStore::expect(), Viewport::expect());
    let show = move |_| {
        viewport.to_end();
        // After the end of the transcript has been rendered.
        request_animation_frame(move || {
            if let Some(part) = store.open_permission() {
                focus_first_control(&permission::element_id(part));
            }
        });
    };
    view! {
        <Icon glyph=Glyph::Info/>
        <span role="status">"Waiting for your answer"</span>
        <button type="button" class="button button--small" on:click=show>
            "Show the question"
        </button>
    }
}
