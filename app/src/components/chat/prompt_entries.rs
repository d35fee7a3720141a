//! What can be done with a prompt of the transcript.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::TurnId;

use crate::browser::clipboard;
use crate::components::form::icon::Glyph;
use crate::components::form::menu::MenuItem;
use crate::components::frame::toasts::Toasts;
use crate::components::session::fork::Forking;
use crate::components::session::rewind::Rewinding;
use crate::live::SessionStore;

/// The entries of a prompt's menu.
#[component]
pub fn PromptEntries(
    /// Its turn.
    turn: TurnId,
) -> impl IntoView {
    let (store, toasts) = (SessionStore::expect(), Toasts::expect());
    let (forking, rewinding) = expect_context::<(Forking, Rewinding)>();
    let copy = move |()| {
        let text = store.prompt_of(turn).unwrap_or_default();
        spawn_local(async move {
            if clipboard::copy(text).await {
                toasts.success("The prompt was copied");
            }
        });
    };
    view! {
        <MenuItem glyph=Glyph::Refresh label="Rewind to here…" on_choose=move |()| rewinding.ask(Some(turn))/>
        <MenuItem glyph=Glyph::GitBranch label="Fork after this turn…" on_choose=move |()| forking.ask(turn)/>
        <MenuItem glyph=Glyph::Copy label="Copy the prompt" on_choose=copy/>
    }
}
