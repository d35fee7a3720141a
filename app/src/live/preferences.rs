//! Changing preferences: at once on the page and on the server; of many changes the server gets the first and the last.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::preferences::Preferences;

use super::ProjectStore;
use crate::calls;
use crate::components::frame::toasts::Toasts;

/// A drag or a held key changes a width many times a second; what comes of it is saved when that ends.
const SETTLE: Duration = Duration::from_millis(400);

/// Saves preferences. A context of everything inside the frame.
#[derive(Clone, Copy)]
pub struct PreferenceKeeper {
    store: ProjectStore,
    toasts: Toasts,
    /// What the server has, to go back to when it refuses.
    saved: StoredValue<Preferences>,
    /// What it was last asked to save.
    asked: StoredValue<Preferences>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl PreferenceKeeper {
    /// A keeper of the preferences in a store.
    pub fn new(store: ProjectStore, toasts: Toasts) -> Self {
        let now = store.preferences.get_untracked();
        let (saved, asked) = (StoredValue::new(now.clone()), StoredValue::new(now));
        Self { store, toasts, saved, asked, timer: StoredValue::new(None) }
    }

    /// The keeper of the frame that this component stands in.
    pub fn expect() -> Self {
        expect_context()
    }

    /// Changes preferences.
    pub fn change(self, change: impl FnOnce(&mut Preferences)) {
        self.store.preferences.update(change);
        match self.timer.try_update_value(Option::take) {
            Some(Some(timer)) => timer.clear(),
            _ => self.save(),
        }
        let settled = move || {
            self.timer.set_value(None);
            self.save();
        };
        self.timer.set_value(set_timeout_with_handle(settled, SETTLE).ok());
    }

    fn save(self) {
        let wanted = self.store.preferences.get_untracked();
        if self.asked.with_value(|asked| *asked == wanted) {
            return;
        }
        self.asked.set_value(wanted.clone());
        spawn_local(async move {
            match calls::save_preferences(wanted).await {
                Ok(saved) => self.saved.set_value(saved),
                Err(failure) => {
                    self.asked.set_value(self.saved.get_value());
                    self.store.preferences.set(self.saved.get_value());
                    self.toasts.failure("Your preferences couldn't be saved", &failure.0);
                }
            }
        });
    }
}
