//! Calls about workspaces, with what the page shows before the answer is there, and after it.

use leptos::task::spawn_local;
use octobot_wire::WorkspaceId;
use octobot_wire::workspace::RenameWorkspace;

use crate::calls;
use crate::components::frame::toasts::Toasts;
use crate::live::ProjectStore;

/// What can be done with a workspace.
#[derive(Clone, Copy)]
pub struct WorkspaceActions {
    store: ProjectStore,
    toasts: Toasts,
}

impl WorkspaceActions {
    /// The actions on the frame that this component stands in.
    #[expect(clippy::new_without_default, reason = "it reads contexts, so it isn't a value")]
    pub fn new() -> Self {
        Self { store: ProjectStore::expect(), toasts: Toasts::expect() }
    }

    /// Looks at the source again.
    pub fn refresh(self, id: WorkspaceId) {
        spawn_local(async move {
            match calls::refresh_workspace(self.store.id(), id).await {
                Ok(workspace) => self.store.take_workspace(workspace),
                Err(failure) => {
                    let again = move || self.refresh(id);
                    self.toasts.failure_with_retry("The workspace couldn't be refreshed", &failure.0, again);
                }
            }
        });
    }

    /// Renames it, at once on the page; back again when the server refuses.
    pub fn rename(self, id: WorkspaceId, name: String) {
        let Some(before) = self.store.find_workspace(id) else { return };
        let mut renamed = before.clone();
        renamed.name.clone_from(&name);
        self.store.put_workspace(renamed);
        spawn_local(async move {
            match calls::rename_workspace(self.store.id(), id, RenameWorkspace { name }).await {
                Ok(workspace) => self.store.take_workspace(workspace),
                Err(failure) => {
                    self.store.put_workspace(before);
                    self.toasts.failure("The workspace couldn't be renamed", &failure.0);
                }
            }
        });
    }

    /// Removes it with its sessions. The server says over the stream when they are gone.
    pub fn remove(self, id: WorkspaceId) {
        spawn_local(async move {
            match calls::remove_workspace(self.store.id(), id).await {
                Ok(()) => self.toasts.success("The workspace is being removed"),
                Err(failure) => self.toasts.failure("The workspace couldn't be removed", &failure.0),
            }
        });
    }
}
