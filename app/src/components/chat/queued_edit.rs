//! Editing a prompt that waits, in its place.

use leptos::html;
use leptos::prelude::*;
use octobot_wire::TurnId;
use web_sys::KeyboardEvent;

use super::actions::TurnActions;
use crate::browser::focus::focus;
use crate::browser::keys;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::live::SessionStore;

/// The text area with its buttons.
#[component]
pub fn QueuedEdit(
    /// The turn.
    id: TurnId,
    /// Whether it is edited.
    editing: RwSignal<bool>,
) -> impl IntoView {
    let actions = TurnActions::new();
    let turns = SessionStore::expect().turns;
    let prompt =
        move || turns.with_untracked(|turns| turns.iter().find(|turn| turn.id == id).map(|turn| turn.prompt.clone()));
    let text = NodeRef::<html::Textarea>::new();
    text.on_load(|text| focus(&text));
    let save = move || {
        if let Some(typed) = text.get_untracked().map(|text| text.value())
            && !typed.trim().is_empty()
            && Some(&typed) != prompt().as_ref()
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
    view! {
        <textarea
            class="input input--code queued__input"
            node_ref=text
            aria-label="Queued prompt"
            prop:value=prompt().unwrap_or_default()
            on:keydown=key
        ></textarea>
        <IconButton glyph=Glyph::Check label="Save the prompt" on_press=move |()| save()/>
        <IconButton glyph=Glyph::Close label="Don't change it" on_press=move |()| editing.set(false)/>
    }
}
