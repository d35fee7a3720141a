//! An agent, to be changed or created.

use leptos::prelude::*;
use leptos_meta::Title;
use octobot_wire::AgentId;
use octobot_wire::agent::AgentTypeId;

use super::not_found::NotFound;
use crate::components::agent::agent_form::AgentForm;
use crate::components::agent::mcp_servers::{McpServers, ServerList};
use crate::live::ProjectStore;

/// The agent that the address names.
#[component]
pub fn AgentPage(
    /// The agent.
    id: AgentId,
) -> impl IntoView {
    // What is typed outlives a change that arrives meanwhile: only another address makes another form.
    let agents = ProjectStore::expect().agents;
    let Some(agent) = agents.with_untracked(|list| list.iter().find(|agent| agent.id == id).cloned()) else {
        return view! { <NotFound what="agent"/> }.into_any();
    };
    let has_program = agent.agent_type != AgentTypeId::Shell;
    let mcp_servers = has_program.then(|| view! { <McpServers list=ServerList::of(agent.id)/> });
    view! {
        <Title text=agent.name.clone()/>
        <div class="page">
            <h1 class="page__title">"Agent"</h1>
            <AgentForm agent=Some(agent)/>
            {mcp_servers}
        </div>
    }
    .into_any()
}

/// The form for a new agent.
#[component]
pub fn NewAgentPage() -> impl IntoView {
    view! {
        <Title text="New agent"/>
        <div class="page">
            <h1 class="page__title">"New agent"</h1>
            <AgentForm agent=None/>
        </div>
    }
}
