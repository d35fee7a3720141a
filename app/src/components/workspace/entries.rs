//! What can be done with a workspace.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use octobot_wire::WorkspaceId;

use super::actions::WorkspaceActions;
use crate::components::form::icon::Glyph;
use crate::components::form::menu::MenuItem;
use crate::late::Dialog;
use crate::live::ProjectStore;
use crate::place::new_session_url;

/// The entries of a workspace's menu.
#[component]
pub fn WorkspaceEntries(
    /// The workspace.
    id: WorkspaceId,
    /// The dialog that renames it.
    renaming: Dialog,
    /// The dialog that removes it.
    removing: Dialog,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let actions = WorkspaceActions::new();
    let navigate = use_navigate();
    let begin = move |()| navigate(&new_session_url(&store.id(), id), leptos_router::NavigateOptions::default());
    view! {
        <MenuItem glyph=Glyph::Plus label="New session" on_choose=begin/>
        <MenuItem glyph=Glyph::Refresh label="Refresh" on_choose=move |()| actions.refresh(id)/>
        <MenuItem glyph=Glyph::Pencil label="Rename…" on_choose=move |()| renaming.set(true)/>
        <MenuItem glyph=Glyph::Trash label="Remove…" danger=true on_choose=move |()| removing.set(true)/>
    }
}
