//! The call `agents/save-mcp-servers`.

use leptos::prelude::*;
use octobot_wire::mcp::{McpServer, SaveMcpServers};
use octobot_wire::{AgentId, ProjectId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Replaces the MCP servers of an agent.
#[server(name = SaveMcpServersCall, prefix = "/api/fn", endpoint = "agents/save-mcp-servers", protocol = PostJson)]
pub async fn save_mcp_servers(
    project: ProjectId,
    id: AgentId,
    request: SaveMcpServers,
) -> Result<Vec<McpServer>, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.agents.save_mcp_servers(backend.caller, &project, id, request)).await
}
