//! Changing preferences: at once on the page, on the server a moment later.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::preferences::Preferences;

use super::ProjectStore;
use crate::calls;
use crate::components::frame::toasts::Toasts;

/// A drag or a held key changes a width many times a second; it is saved when that ends.
const SETTLE: Duration = Duration::from_millis(400);

/// Saves preferences. A context of everything inside the frame.
#[derive(Clone, Copy)]
pub struct PreferenceKeeper {
    store: ProjectStore,
    toasts: Toasts,
    /// What the server has, to go back to when it refuses.
    saved: StoredValue<Preferences>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl PreferenceKeeper {
    /// A keeper of the preferences in a store.
    pub fn new(store: ProjectStore, toasts: Toasts) -> Self {
        let saved = StoredValue::new(store.preferences.get_untracked());
        Self { store, toasts, saved, timer: StoredValue::new(None) }
    }

    /// The keeper of the frame that this component stands in.
    pub fn expect() -> Self {
        expect_context()
    }

    /// Changes preferences.
    pub fn change(self, change: impl FnOnce(&mut Preferences)) {
        self.store.preferences.update(change);
        if let Some(Some(timer)) = self.timer.try_update_value(Option::take) {
            timer.clear();
        }
        let timer = set_timeout_with_handle(move || self.save(), SETTLE).ok();
        self.timer.set_value(timer);
    }

    fn save(self) {
        let wanted = self.store.preferences.get_untracked();
        spawn_local(async move {
            match calls::save_preferences(wanted).await {
                Ok(saved) => self.saved.set_value(saved),
                Err(failure) => {
                    self.store.preferences.set(self.saved.get_value());
                    self.toasts.failure("Your preferences couldn't be saved", &failure.0);
                }
            }
        });
    }
}
