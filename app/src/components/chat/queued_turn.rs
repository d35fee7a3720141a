//! A prompt that waits. It can be edited in its place, and deleted.

use leptos::prelude::*;
use octobot_wire::TurnId;

use super::actions::TurnActions;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::late::{Late, show};
use crate::live::SessionStore;

/// A row of the queue.
#[component]
pub fn QueuedTurn(
    /// The turn.
    id: TurnId,
) -> impl IntoView {
    let store = SessionStore::expect();
    let actions = TurnActions::new();
    let prompt = Memo::new(move |_| {
        store
            .turns
            .with(|turns| turns.iter().find(|turn| turn.id == id).map(|turn| turn.prompt.clone()).unwrap_or_default())
    });
    let editing = RwSignal::new(false);
    let files = store.turns.with_untracked(|turns| {
        let count = turns.iter().find(|turn| turn.id == id).map_or(0, |turn| turn.attachments.len());
        (count > 0).then(|| if count == 1 { "1 file".to_owned() } else { format!("{count} files") })
    });
    let shown = move || {
        let files = files.clone();
        view! {
            <pre class="queued__text">{dynamic(move || prompt.get())}</pre>
            <span class="faint">{files}</span>
            <IconButton
                glyph=Glyph::Send
                label="Send now: stops the turn that runs"
                on_press=move |()| actions.steer(id)
            />
            <IconButton glyph=Glyph::Pencil label="Edit the prompt" on_press=move |()| editing.set(true)/>
            <IconButton glyph=Glyph::Trash label="Delete from the queue" on_press=move |()| actions.delete(id)/>
        }
    };
    view! {
        <li class="queued">
            <When when=move || editing.get() fallback=shown>
                {show(Late::EditQueued(id, editing))}
            </When>
        </li>
    }
}
