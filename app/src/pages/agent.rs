//! An agent, to be changed or created.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use octobot_wire::AgentId;
use octobot_wire::agent::AgentTypeId;

use super::not_found::NotFound;
use crate::components::agent::agent_form::AgentForm;
use crate::components::agent::mcp_servers::{McpServers, ServerList};
use crate::components::dynamic::dynamic;
use crate::live::ProjectStore;

/// The agent that the address names.
#[component]
pub fn AgentPage() -> impl IntoView {
    let params = use_params_map();
    let store = ProjectStore::expect();
    let id = Memo::new(move |_| params.with(|params| params.get("agent").and_then(|id| id.parse::<AgentId>().ok())));
    // What is typed outlives a change that arrives meanwhile: only another address makes another form.
    dynamic(move || {
        let id = id.get();
        let agent = store.agents.with_untracked(|list| list.iter().find(|agent| Some(agent.id) == id).cloned());
        match agent {
            Some(agent) => {
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
            None => view! { <NotFound what="agent"/> }.into_any(),
        }
    })
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
