//! Where what the panel and the main area share lies, once one of them is there.

use leptos::prelude::*;

use super::store::CodeStore;

/// The place of a session's [`CodeStore`]. A context of everything in the session.
#[derive(Clone, Copy)]
pub struct Desk {
    owner: StoredValue<Option<Owner>>,
    store: StoredValue<Option<CodeStore>>,
}

impl Desk {
    /// An empty one, which lives as long as the component that makes it.
    #[expect(clippy::new_without_default, reason = "it belongs to the component that makes it")]
    pub fn new() -> Self {
        let desk = Self { owner: StoredValue::new(None), store: StoredValue::new(None) };
        let owner = Owner::current();
        // In a browser only: on a server the owner would hold itself.
        Effect::new(move |_| desk.owner.set_value(owner.clone()));
        desk
    }

    /// What is on the desk of the session that this component stands in; made by whoever asks first.
    pub fn store() -> CodeStore {
        let desk: Self = expect_context();
        if let Some(store) = desk.store.get_value() {
            return store;
        }
        let store = match desk.owner.get_value() {
            Some(owner) => owner.with(CodeStore::new),
            None => CodeStore::new(),
        };
        desk.store.set_value(Some(store));
        store
    }
}
