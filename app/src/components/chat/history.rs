//! Earlier prompts of the session, brought back with the arrow keys.

use leptos::prelude::*;
use octobot_wire::message::{MessageRole, PartBody};
use web_sys::KeyboardEvent;

use crate::live::SessionStore;

/// Where one is in the history: nowhere, or at one of the earlier prompts, counted from the last.
#[derive(Clone, Copy)]
pub struct History {
    text: RwSignal<String>,
    store: SessionStore,
    place: StoredValue<Option<usize>>,
}

impl History {
    /// The history of a session, brought back into `text`.
    pub fn new(text: RwSignal<String>, store: SessionStore) -> Self {
        Self { text, store, place: StoredValue::new(None) }
    }

    /// Takes an arrow key, if it means the history: when nothing is typed, or what was brought back isn't changed.
    pub fn take_key(self, event: &KeyboardEvent) -> bool {
        let is_up = match event.key().as_str() {
            "ArrowUp" => true,
            "ArrowDown" => false,
            _ => return false,
        };
        let prompts = self.prompts();
        let typed = self.text.get_untracked();
        let place = self.place.get_value().filter(|place| prompts.get(*place) == Some(&typed));
        let next = match (place, is_up) {
            (None, true) if typed.is_empty() => Some(0),
            (Some(place), true) => Some((place + 1).min(prompts.len() - 1)),
            (Some(place), false) => place.checked_sub(1),
            (None, _) => return false,
        };
        self.place.set_value(next);
        self.text.set(next.and_then(|next| prompts.get(next).cloned()).unwrap_or_default());
        true
    }

    /// The prompts that are loaded, the last one first.
    fn prompts(self) -> Vec<String> {
        self.store.messages.with_untracked(|messages| {
            let prompts = messages.iter().rev().filter(|message| message.role == MessageRole::User);
            let texts = prompts.flat_map(|message| message.parts.get_untracked());
            texts
                .filter_map(|part| match part.body.get_untracked() {
                    PartBody::Text(prose) => Some(prose.text),
                    _ => None,
                })
                .collect()
        })
    }
}
