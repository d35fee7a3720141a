//! A workspace in the tree, with its sessions.

use leptos::prelude::*;
use octobot_wire::WorkspaceId;
use octobot_wire::workspace::{WorkspaceSource, WorkspaceState};

use super::session_row::SessionRow;
use super::workspace_menu::WorkspaceMenu;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::icon_button::IconButton;
use crate::components::workspace::progress::WorkspaceProgress;
use crate::live::ProjectStore;
use crate::place::{Place, use_place, workspace_url};

/// A branch of the tree.
#[component]
pub fn WorkspaceNode(
    /// The workspace.
    id: WorkspaceId,
) -> impl IntoView {
    let store = ProjectStore::expect();
    let place = use_place();
    let workspace = store.workspace(id);
    let name = Signal::derive(move || workspace.with(|w| w.as_ref().map(|w| w.name.clone()).unwrap_or_default()));
    let folded = RwSignal::new(false);
    let is_git =
        workspace.with_untracked(|w| w.as_ref().is_some_and(|w| matches!(w.source, WorkspaceSource::Git { .. })));
    let has_failed =
        move || workspace.with(|w| w.as_ref().is_some_and(|w| matches!(w.state, WorkspaceState::Error { .. })));
    let fold_glyph = Signal::derive(move || if folded.get() { Glyph::ChevronRight } else { Glyph::ChevronDown });
    let fold_label = Signal::derive(move || {
        let verb = if folded.get() { "Show" } else { "Hide" };
        format!("{verb} the sessions of {}", name.get())
    });
    let sessions = move || {
        store.sessions.with(|list| list.iter().filter(|s| s.workspace_id == id).map(|s| s.id).collect::<Vec<_>>())
    };
    view! {
        <li class="tree__branch">
            <div class="tree__row tree__row--workspace" class:tree__row--failed=dynamic(has_failed)>
                <IconButton glyph=fold_glyph label=fold_label on_press=move |()| folded.update(|f| *f = !*f)/>
                <a
                    class="tree__link"
                    href=workspace_url(&store.id(), id)
                    aria-current=dynamic(move || (place.get() == Place::Workspace(id)).then_some("page"))
                >
                    <Icon glyph=if is_git { Glyph::GitBranch } else { Glyph::Folder }/>
                    <span class="tree__name">{dynamic(move || name.get())}</span>
                </a>
                <WorkspaceMenu id name/>
            </div>
            <WorkspaceProgress workspace/>
            <When when=move || !folded.get()>
                <ul class="tree__leaves">
                    <Rows each=sessions key=|id| id.uuid() let:id>
                        <SessionRow id/>
                    </Rows>
                </ul>
            </When>
        </li>
    }
}
