//! The call `agents/update`.

use leptos::prelude::*;
use octobot_wire::agent::{Agent, SaveAgent};
use octobot_wire::{AgentId, ProjectId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Changes an agent.
#[server(name = UpdateAgentCall, prefix = "/api/fn", endpoint = "agents/update", protocol = PostJson)]
pub async fn update_agent(project: ProjectId, id: AgentId, request: SaveAgent) -> Result<Agent, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.agents.update(backend.caller, &project, id, request)).await
}
