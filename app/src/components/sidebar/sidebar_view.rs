//! The sidebar itself.

use leptos::prelude::*;

use super::workspace_node::WorkspaceNode;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::icon_button::IconButton;
use crate::components::frame::layout::Side;
use crate::components::frame::resizer::Resizer;
use crate::late::{self, Late};
use crate::live::ProjectStore;
use crate::place::{Place, agents_url, credentials_url, network_url, use_place};

/// The sidebar.
#[component]
pub fn Sidebar() -> impl IntoView {
    let store = ProjectStore::expect();
    let adding = RwSignal::new(false);
    let ids = move || store.workspaces.with(|list| list.iter().map(|workspace| workspace.id).collect::<Vec<_>>());
    let is_empty = Memo::new(move |_| store.workspaces.with(Vec::is_empty));
    view! {
        <aside class="sidebar" id=Side::Sidebar.name() aria-label="Workspaces and agents">
            <div class="sidebar__heading">
                <h2>"Workspaces"</h2>
                <IconButton glyph=Glyph::Plus label="Add a workspace" on_press=move |()| adding.set(true)/>
            </div>
            <nav class="sidebar__tree" aria-label="Workspaces and sessions">
                <When when=move || is_empty.get()>
                    <p class="sidebar__empty">
                        "No workspace yet. Add a folder or a git repository to begin."
                    </p>
                </When>
                <ul class="tree">
                    <Rows each=ids key=|id| id.uuid() let:id>
                        <WorkspaceNode id/>
                    </Rows>
                </ul>
            </nav>
            <nav class="sidebar__foot" aria-label="Project">
                {link(agents_url(&store.id()), Place::is_of_agents, Glyph::Agent, "Agents")}
                {link(credentials_url(&store.id()), |place| place == Place::Credentials, Glyph::Key, "Credentials")}
                {link(network_url(&store.id()), |place| place == Place::Network, Glyph::Globe, "Network")}
            </nav>
            <Resizer side=Side::Sidebar/>
            {late::show_dialog(adding, Late::AddWorkspace(adding))}
        </aside>
    }
}

/// A link to a page of the project.
fn link(url: String, is_there: fn(Place) -> bool, glyph: Glyph, label: &'static str) -> AnyView {
    let place = use_place();
    view! {
        <a
            class="sidebar__link"
            href=url
            aria-current=dynamic(move || is_there(place.get()).then_some("page"))
        >
            <Icon glyph/>
            {label}
        </a>
    }
    .into_any()
}
