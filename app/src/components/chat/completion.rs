//! Completing what is typed: the small part that the composer needs at once. What can be completed, and the list of it,
//! loads late.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::draft::Draft;
use crate::late::{Late, show_once};

/// The list that completes a draft, once it has loaded.
#[derive(Clone, Copy)]
pub struct Completion {
    /// The id of the option that Enter takes.
    pub option: RwSignal<Option<String>>,
    /// Takes a key, if it is for the list.
    pub keys: StoredValue<Option<Callback<KeyboardEvent, bool>>>,
}

impl Completion {
    /// Without a list.
    #[expect(clippy::new_without_default, reason = "it makes signals, so it isn't a value")]
    pub fn new() -> Self {
        Self { option: RwSignal::new(None), keys: StoredValue::new(None) }
    }

    /// Takes a key, if it is for the list.
    pub fn take_key(self, event: &KeyboardEvent) -> bool {
        self.keys.get_value().is_some_and(|keys| keys.run(event.clone()))
    }

    /// The list, from the first time on that it may have something to complete.
    pub fn list(self, draft: Draft) -> AnyView {
        let wanted = move || draft.text.with(|text| text.starts_with('/') || text.contains('@'));
        show_once(wanted, Late::Completion(draft, self))
    }
}
