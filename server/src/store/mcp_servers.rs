//! MCP servers of agents. Their values are sealed; only who launches an agent or changes its servers opens them.

use octobot_wire::launch::Variable;
use octobot_wire::mcp::McpTransport;
use octobot_wire::{AgentId, McpServerId};
use uuid::Uuid;

use super::column::{Reading, free_text, to_json};
use super::transaction::{Entity, execute, query};
use super::{StoreError, Tx};
use crate::domain::McpServer;

const TABLE: &str = "agent_mcp_servers";

#[derive(sqlx::FromRow)]
struct McpServerRow {
    id: Uuid,
    agent_id: Uuid,
    name: String,
    transport: String,
    command: Option<String>,
    url: Option<String>,
    value_names: String,
}

impl TryFrom<McpServerRow> for McpServer {
    type Error = StoreError;

    fn try_from(row: McpServerRow) -> Result<Self, Self::Error> {
        let reading = Reading { table: TABLE, row: &row.id };
        Ok(Self {
            id: McpServerId::new(row.id),
            agent_id: AgentId::new(row.agent_id),
            name: row.name,
            transport: match row.transport.as_str() {
                "stdio" => McpTransport::Stdio { command: reading.detail("command", row.command.as_deref())? },
                "http" => McpTransport::Http { url: reading.present("url", row.url)? },
                _ => return Err(reading.corrupt("transport")),
            },
            value_names: reading.detail("value_names", Some(&row.value_names))?,
        })
    }
}

impl Tx {
    /// Stores the MCP servers of an agent with their values, in place of those that it had.
    pub async fn replace_mcp_servers(
        &mut self,
        agent: AgentId,
        servers: &[(McpServer, Vec<Variable>)],
    ) -> Result<(), StoreError> {
        self.hold(Entity::Agent(agent)).await?;
        execute!(self, "DELETE FROM agent_mcp_servers WHERE agent_id = $1", agent.uuid())?;
        for (position, (server, values)) in (0_i64..).zip(servers) {
            self.insert_mcp_server(position, server, values).await?;
        }
        Ok(())
    }

    async fn insert_mcp_server(
        &mut self,
        position: i64,
        server: &McpServer,
        values: &[Variable],
    ) -> Result<(), StoreError> {
        let (transport, command, url) = match &server.transport {
            McpTransport::Stdio { command } => ("stdio", Some(to_json(command)?), None),
            McpTransport::Http { url } => ("http", None, Some(free_text(TABLE, "url", url)?)),
        };
        let sealed = self.seal_values(TABLE, server.id, values)?;
        execute!(
            self,
            "INSERT INTO agent_mcp_servers (id, agent_id, position, name, transport, command, url, value_names, \
             sealed_values) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            server.id.uuid(),
            server.agent_id.uuid(),
            position,
            free_text(TABLE, "name", &server.name)?,
            transport,
            command.as_deref(),
            url,
            to_json(&server.value_names)?.as_str(),
            sealed.as_bytes(),
        )
        .map(|_| ())
    }

    /// The MCP servers of an agent, in their order.
    pub async fn mcp_servers(&mut self, agent: AgentId) -> Result<Vec<McpServer>, StoreError> {
        let rows = query!(
            self,
            fetch_all,
            McpServerRow,
            "SELECT id, agent_id, name, transport, command, url, value_names FROM agent_mcp_servers \
             WHERE agent_id = $1 ORDER BY position",
            agent.uuid(),
        )?;
        rows.into_iter().map(McpServer::try_from).collect()
    }

    /// The values that an MCP server is given; none where there is no such server.
    pub async fn mcp_values(&mut self, id: McpServerId) -> Result<Vec<Variable>, StoreError> {
        let sql = "SELECT sealed_values FROM agent_mcp_servers WHERE id = $1";
        let Some((sealed,)) = query!(self, fetch_optional, (Vec<u8>,), sql, id.uuid())? else {
            return Ok(Vec::new());
        };
        self.open_values(TABLE, id, sealed)
    }
}
