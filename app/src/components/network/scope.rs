//! Whose lists the page shows: the project's, or those that a workspace adds.

use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use octobot_wire::WorkspaceId;

use crate::components::dynamic::dynamic;
use crate::live::ProjectStore;
use crate::place::{network_url, workspace_network_url};

/// The workspace that the address names; none for the project.
pub fn use_workspace() -> Memo<Option<WorkspaceId>> {
    let query = use_query_map();
    Memo::new(move |_| query.with(|query| query.get("workspace")?.parse().ok()))
}

/// The choice between the project and its workspaces.
#[component]
pub fn ScopeChoice(
    /// The chosen workspace.
    workspace: Memo<Option<WorkspaceId>>,
) -> impl IntoView {
    const ID: &str = "network-scope";
    let store = ProjectStore::expect();
    let navigate = use_navigate();
    let choose = move |event| {
        let chosen = event_target_value(&event).parse().ok();
        let project = store.id();
        let url = chosen.map_or_else(|| network_url(&project), |id| workspace_network_url(&project, id));
        navigate(&url, leptos_router::NavigateOptions { scroll: false, ..Default::default() });
    };
    let options = move || {
        let chosen = workspace.get();
        let option = |(id, name): (WorkspaceId, String)| {
            view! { <option value=id.to_string() selected=chosen == Some(id)>{format!("Workspace {name}")}</option> }
                .into_any()
        };
        let known =
            store.workspaces.with(|list| list.iter().map(|known| (known.id, known.name.clone())).collect::<Vec<_>>());
        known.into_iter().map(option).collect::<Vec<_>>()
    };
    view! {
        <div class="network__scope">
            <label class="field__label" for=ID>
                "Lists of"
            </label>
            <select id=ID class="select" on:change=choose>
                <option value="" selected=dynamic(move || workspace.get().is_none())>
                    "The project"
                </option>
                {dynamic(options)}
            </select>
        </div>
    }
}
