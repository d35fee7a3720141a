//! Removing a workspace.

use leptos::prelude::*;
use octobot_wire::WorkspaceId;

use super::actions::WorkspaceActions;
use crate::components::form::confirm::Confirm;
use crate::live::ProjectStore;

/// The dialog that removes a workspace.
#[component]
pub fn RemoveWorkspaceDialog(
    /// The workspace.
    id: WorkspaceId,
    /// Its name.
    name: Signal<String>,
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let actions = WorkspaceActions::new();
    let store = ProjectStore::expect();
    let title = Signal::derive(move || format!("Remove “{}”?", name.get()));
    let sessions = move || match store.sessions.with(|list| list.iter().filter(|s| s.workspace_id == id).count()) {
        0 => "It has no sessions.".to_owned(),
        1 => "Its session is deleted with its sandbox, its transcript and everything in it.".to_owned(),
        many => format!("Its {many} sessions are deleted with their sandboxes, transcripts and everything in them."),
    };
    view! {
        <Confirm open title action="Remove workspace" on_confirm=move |()| actions.remove(id)>
            <p>{sessions}</p>
            <p>"The folder or repository that it came from isn't touched."</p>
        </Confirm>
    }
}
