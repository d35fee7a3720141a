//! The call `agents/create`.

use leptos::prelude::*;
use octobot_wire::ProjectId;
use octobot_wire::agent::{Agent, SaveAgent};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Creates an agent.
#[server(name = CreateAgentCall, prefix = "/api/fn", endpoint = "agents/create", protocol = PostJson)]
pub async fn create_agent(project: ProjectId, request: SaveAgent) -> Result<Agent, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.agents.create(backend.caller, &project, request)).await
}
