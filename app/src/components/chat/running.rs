//! The turn that the agent has now, and the button that stops it.

use leptos::prelude::*;
use octobot_wire::turn::TurnState;
use web_sys::KeyboardEvent;

use super::actions::TurnActions;
use super::tool_status::Running;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::spinner::Spinner;
use crate::live::SessionStore;

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
    move || {
        let turn = turn.get()?;
        let state = match (turn.state, turn.started_at) {
            (TurnState::Waiting, _) => "Waiting for an answer".into_any(),
            (_, Some(since)) => view! { <Running since/> }.into_any(),
            (_, None) => "Starting".into_any(),
        };
        Some(view! {
            <div class="running">
                <Spinner/>
                <span class="running__state">{state}</span>
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
        })
    }
}
