//! A prompt that waits. It can be edited in its place, and deleted.

use leptos::html;
use leptos::prelude::*;
use octobot_wire::TurnId;
use web_sys::KeyboardEvent;

use super::actions::TurnActions;
use crate::browser::focus::focus;
use crate::browser::keys;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::when::When;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
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
    let text = NodeRef::<html::Textarea>::new();
    // An effect, because the text area comes and goes.
    Effect::new(move |_| {
        if let Some(text) = text.get() {
            focus(&text);
        }
    });
    let save = move || {
        if let Some(typed) = text.get_untracked().map(|text| text.value())
            && !typed.trim().is_empty()
            && typed != prompt.get_untracked()
        {
            actions.edit(id, typed);
        }
        editing.set(false);
    };
    let key = move |event: KeyboardEvent| {
        if keys::is_escape(&event) {
            editing.set(false);
        } else if keys::is_send(&event) {
            event.prevent_default();
            save();
        }
    };
    let shown = move || {
        view! {
            <pre class="queued__text">{dynamic(move || prompt.get())}</pre>
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
                <textarea
                    class="input input--code queued__input"
                    node_ref=text
                    aria-label="Queued prompt"
                    prop:value=dynamic(move || prompt.get_untracked())
                    on:keydown=key
                ></textarea>
                <IconButton glyph=Glyph::Check label="Save the prompt" on_press=move |()| save()/>
                <IconButton glyph=Glyph::Close label="Don't change it" on_press=move |()| editing.set(false)/>
            </When>
        </li>
    }
}
