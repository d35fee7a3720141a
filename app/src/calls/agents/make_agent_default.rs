//! The call `agents/make-default`.

use leptos::prelude::*;
use octobot_wire::agent::Agent;
use octobot_wire::{AgentId, ProjectId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Makes an agent the project's default.
#[server(name = MakeAgentDefaultCall, prefix = "/api/fn", endpoint = "agents/make-default", protocol = PostJson)]
pub async fn make_agent_default(project: ProjectId, id: AgentId) -> Result<Agent, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.agents.make_default(backend.caller, &project, id)).await
}
