//! The call `agents/mcp-servers`.

use leptos::prelude::*;
use octobot_wire::mcp::McpServer;
use octobot_wire::{AgentId, ProjectId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// The MCP servers of an agent.
#[server(name = LoadMcpServersCall, prefix = "/api/fn", endpoint = "agents/mcp-servers", protocol = PostJson)]
pub async fn load_mcp_servers(project: ProjectId, id: AgentId) -> Result<Vec<McpServer>, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.agents.mcp_servers(backend.caller, &project, id)).await
}
