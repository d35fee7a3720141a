//! What can be done with a workspace in the tree.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use octobot_wire::WorkspaceId;

use crate::components::form::icon::Glyph;
use crate::components::form::menu::{Menu, MenuItem};
use crate::components::workspace::actions::WorkspaceActions;
use crate::late::{self, Late};
use crate::live::ProjectStore;
use crate::place::new_session_url;

/// The menu of a workspace.
#[component]
pub fn WorkspaceMenu(
    /// The workspace.
    id: WorkspaceId,
    /// Its name.
    name: Signal<String>,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let actions = WorkspaceActions::new();
    let navigate = use_navigate();
    let (renaming, removing) = (RwSignal::new(false), RwSignal::new(false));
    let begin = move |()| navigate(&new_session_url(&store.id(), id), leptos_router::NavigateOptions::default());
    view! {
        <div class="tree__menu">
            <Menu id=format!("workspace-menu-{id}") label=format!("Actions for {}", name.get_untracked())>
                <MenuItem glyph=Glyph::Plus label="New session" on_choose=begin/>
                <MenuItem glyph=Glyph::Refresh label="Refresh" on_choose=move |()| actions.refresh(id)/>
                <MenuItem glyph=Glyph::Pencil label="Rename…" on_choose=move |()| renaming.set(true)/>
                <MenuItem glyph=Glyph::Trash label="Remove…" danger=true on_choose=move |()| removing.set(true)/>
            </Menu>
        </div>
        {late::show_dialog(renaming, Late::RenameWorkspace(id, name, renaming))}
        {late::show_dialog(removing, Late::RemoveWorkspace(id, name, removing))}
    }
}
