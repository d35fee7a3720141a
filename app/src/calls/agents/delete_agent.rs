//! The call `agents/delete`.

use leptos::prelude::*;
use octobot_wire::{AgentId, ProjectId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Deletes an agent.
#[server(name = DeleteAgentCall, prefix = "/api/fn", endpoint = "agents/delete", protocol = PostJson)]
pub async fn delete_agent(project: ProjectId, id: AgentId) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.agents.delete(backend.caller, &project, id)).await
}
