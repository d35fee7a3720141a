//! Where the session's repository stands, as far as the panel knows.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::code::repository::RepositoryState;
use octobot_wire::session::SessionState;

use super::store::{CodeStore, Commits};
use crate::calls;
use crate::live::ProjectStore;

/// See the module.
#[derive(Clone, Copy)]
pub struct Standing {
    /// What else is known of the code.
    pub store: CodeStore,
    /// What the session said last; none before it has.
    pub state: RwSignal<Option<Result<RepositoryState, Problem>>>,
    asked: StoredValue<u32>,
}

impl Standing {
    /// As far as it is known. Somebody else asks for it.
    pub fn of(store: CodeStore) -> Self {
        let Commits { state, asked, .. } = store.commits();
        Self { store, state, asked }
    }

    /// Asked for whenever files have changed, and when a turn begins or ends: commits alone change no file.
    pub fn new(store: CodeStore) -> Self {
        let standing = Self::of(store);
        let followed = ProjectStore::expect().session(store.session);
        let is_at_work =
            Memo::new(move |_| followed.with(|s| s.as_ref().is_some_and(|s| matches!(s.state, SessionState::Running))));
        Effect::new(move |_| {
            // A memo that nobody has read has no value that could change, so tracking alone isn't enough.
            let _ = is_at_work.get();
            let is_known = store.changes.with(|changes| matches!(changes, Some(Ok(_))));
            if is_known && store.is_running.get() {
                standing.ask();
            }
        });
        standing
    }

    /// Asks for it. Only the last answer counts.
    pub fn ask(self) {
        let Some(number) = self.asked.try_update_value(|asked| {
            *asked += 1;
            *asked
        }) else {
            return;
        };
        spawn_local(async move {
            let answer = calls::load_repository(self.store.project(), self.store.session).await;
            let answer = answer.map_err(|failure| failure.0);
            let is_last = self.asked.try_get_value() == Some(number);
            if is_last && self.state.try_with_untracked(|known| known.as_ref() != Some(&answer)) == Some(true) {
                if let Ok(state) = &answer {
                    self.store.note_head(state.commit.clone());
                }
                self.state.set(Some(answer));
            }
        });
    }

    /// Reads what the session said, if it did.
    pub fn with<T>(self, read: impl FnOnce(&RepositoryState) -> T) -> Option<T> {
        self.state.with(|state| match state {
            Some(Ok(state)) => Some(read(state)),
            Some(Err(_)) | None => None,
        })
    }
}
