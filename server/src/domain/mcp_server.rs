//! MCP servers of an agent. The values that they are given stand apart from them, so that nobody reads secrets who only
//! wants to know what there is.

use octobot_wire::launch::{self, Variable};
use octobot_wire::mcp::{self as wire, McpTransport};
use octobot_wire::{AgentId, McpServerId};

/// An MCP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpServer {
    /// Its id.
    pub id: McpServerId,
    /// The agent that has it.
    pub agent_id: AgentId,
    /// Its name, of which an agent has one once.
    pub name: String,
    /// How it is reached.
    pub transport: McpTransport,
    /// The names of the values that it is given.
    pub value_names: Vec<String>,
}

impl McpServer {
    /// The server as clients see it.
    pub fn to_wire(&self) -> wire::McpServer {
        wire::McpServer {
            id: self.id,
            name: self.name.clone(),
            transport: self.transport.clone(),
            value_names: self.value_names.clone(),
        }
    }

    /// The server as an agent's program is told of it, with its values.
    pub fn launch(self, values: Vec<Variable>) -> launch::McpServer {
        let transport = match self.transport {
            McpTransport::Stdio { command } => launch::McpTransport::Stdio { command, variables: values },
            McpTransport::Http { url } => launch::McpTransport::Http { url, headers: values },
        };
        launch::McpServer { name: self.name, transport }
    }
}
