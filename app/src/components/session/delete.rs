//! Deleting a session.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use octobot_wire::SessionId;

use super::actions::SessionActions;
use crate::components::form::confirm::Confirm;
use crate::live::ProjectStore;
use crate::place::project_url;

/// The dialog that deletes a session.
#[component]
pub fn DeleteSessionDialog(
    /// The session.
    id: SessionId,
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let actions = SessionActions::new();
    let navigate = use_navigate();
    let confirm = move |()| {
        actions.delete(id);
        navigate(&project_url(&store.id()), NavigateOptions::default());
    };
    view! {
        <Confirm open title="Delete this session?" action="Delete session" on_confirm=confirm>
            <p>
                "Its sandbox, the files in it, its transcript and its queued prompts are deleted. Changes that were made
                in the sandbox and aren't elsewhere are lost."
            </p>
            <p>"The workspace isn't touched."</p>
        </Confirm>
    }
}
