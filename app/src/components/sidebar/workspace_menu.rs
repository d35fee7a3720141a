//! The menu of a workspace in the tree, and the dialogs that it opens.

use leptos::prelude::*;
use octobot_wire::WorkspaceId;

use crate::components::form::late_menu::LateMenu;
use crate::late::{self, Late};

/// See the module.
#[component]
pub fn WorkspaceMenu(
    /// The workspace.
    id: WorkspaceId,
    /// Its name.
    name: Signal<String>,
) -> impl IntoView {
    let (renaming, removing) = (RwSignal::new(false), RwSignal::new(false));
    view! {
        <div class="tree__menu">
            <LateMenu
                id=format!("workspace-menu-{id}")
                label=format!("Actions for {}", name.get_untracked())
                entries=Late::WorkspaceMenu(id, renaming, removing)
            />
        </div>
        {late::show_dialog(renaming, Late::RenameWorkspace(id, name, renaming))}
        {late::show_dialog(removing, Late::RemoveWorkspace(id, name, removing))}
    }
}
