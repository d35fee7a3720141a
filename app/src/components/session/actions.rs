//! Calls about sessions, with what the page shows before the answer is there, and after it.

use leptos::task::spawn_local;
use octobot_wire::SessionId;
use octobot_wire::name::parse_name;
use octobot_wire::session::RenameSession;

use crate::calls;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// What can be done with a session.
#[derive(Clone, Copy)]
pub struct SessionActions {
    store: ProjectStore,
    toasts: Toasts,
}

impl SessionActions {
    /// The actions on the frame that this component stands in.
    #[expect(clippy::new_without_default, reason = "it reads contexts, so it isn't a value")]
    pub fn new() -> Self {
        Self { store: ProjectStore::expect(), toasts: Toasts::expect() }
    }

    /// Gives it a display name, at once on the page; back again when the server refuses. Nothing but white space goes
    /// back to the name from the first prompt.
    pub fn rename(self, id: SessionId, name: &str) {
        let Some(before) = self.store.find_session(id) else { return };
        let mut renamed = before.clone();
        renamed.display_name = parse_name(name).ok();
        let request = RenameSession { display_name: Some(name.to_owned()).filter(|name| !name.is_empty()) };
        self.store.put_session(renamed);
        spawn_local(async move {
            match calls::rename_session(self.store.id(), id, request).await {
                Ok(session) => self.store.take_session(session),
                Err(failure) => {
                    self.store.put_session(before);
                    self.toasts.failure("The session couldn't be renamed", &failure.0);
                }
            }
        });
    }

    /// Starts the sandbox, or tries the failed stage again.
    pub fn start(self, id: SessionId) {
        spawn_local(async move {
            match calls::start_session(self.store.id(), id).await {
                Ok(session) => self.store.take_session(session),
                Err(failure) => {
                    let again = move || self.start(id);
                    self.toasts.failure_with_retry("The sandbox couldn't be started", &failure.0, again);
                }
            }
        });
    }

    /// Stops the sandbox, or cancels the building of it.
    pub fn stop(self, id: SessionId) {
        spawn_local(async move {
            match calls::stop_session(self.store.id(), id).await {
                Ok(session) => self.store.take_session(session),
                Err(failure) => {
                    let again = move || self.stop(id);
                    self.toasts.failure_with_retry("The sandbox couldn't be stopped", &failure.0, again);
                }
            }
        });
    }

    /// Deletes it. The server says over the stream when it is gone.
    pub fn delete(self, id: SessionId) {
        spawn_local(async move {
            match calls::delete_session(self.store.id(), id).await {
                Ok(()) => self.toasts.success("The session is being deleted"),
                Err(failure) => self.toasts.failure("The session couldn't be deleted", &failure.0),
            }
        });
    }
}
