//! The agents of a project.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::agent::agent_row::AgentRow;
use crate::components::dynamic::rows::Rows;
use crate::components::form::icon::{Glyph, Icon};
use crate::live::ProjectStore;
use crate::place::new_agent_url;

/// The list of agents.
#[component]
pub fn AgentsPage() -> impl IntoView {
    let store = ProjectStore::expect();
    let ids = move || store.agents.with(|list| list.iter().map(|agent| agent.id).collect::<Vec<_>>());
    view! {
        <Title text="Agents"/>
        <div class="page">
            <div class="page__head">
                <h1 class="page__title">"Agents"</h1>
                <a class="button" href=new_agent_url(&store.id())>
                    <Icon glyph=Glyph::Plus/>
                    "New agent"
                </a>
            </div>
            <p class="page__intro">"An agent does what prompts ask. A session is bound to one; new ones take the default."</p>
            <ul class="rows">
                <Rows each=ids key=|id| id.uuid() let:id>
                    <AgentRow id/>
                </Rows>
            </ul>
        </div>
    }
}
