//! MCP servers as the protocol has them, as far as the agent takes them: every agent runs programs, and only some reach
//! servers over HTTP.

use std::time::Instant;

use agent_client_protocol_schema::v1 as acp;
use octobot_wire::launch::{McpServer, McpTransport, Variable};

use super::{Action, Dialogue};

impl Dialogue {
    /// The MCP servers that the agent takes.
    pub(super) fn mcp_servers(&self) -> Vec<acp::McpServer> {
        self.launch.mcp_servers.iter().filter(|server| self.takes(server)).map(told).collect()
    }

    /// Says which MCP servers the agent doesn't take.
    pub(super) fn tell_left_out(&mut self, now: Instant) -> Vec<Action> {
        let left_out: Vec<_> = self.launch.mcp_servers.iter().filter(|server| !self.takes(server)).collect();
        let agent = &self.launch.name;
        let sentence = |McpServer { name, .. }: &McpServer| {
            format!("The MCP server {name} was left out: {agent} takes no servers over HTTP.")
        };
        let sentences: Vec<_> = left_out.into_iter().map(sentence).collect();
        sentences.iter().flat_map(|sentence| self.notice(sentence, now)).collect()
    }

    fn takes(&self, server: &McpServer) -> bool {
        match server.transport {
            McpTransport::Stdio { .. } => true,
            McpTransport::Http { .. } => self.capabilities.mcp_capabilities.http,
        }
    }
}

fn told(McpServer { name, transport }: &McpServer) -> acp::McpServer {
    match transport {
        McpTransport::Stdio { command, variables } => {
            let (program, arguments) = command.split_first().map_or(("", &[][..]), |(program, rest)| (program, rest));
            let variable = |given: &Variable| acp::EnvVariable::new(given.name.as_str(), given.value.as_str());
            let server = acp::McpServerStdio::new(name.as_str(), program).args(arguments.to_vec());
            acp::McpServer::Stdio(server.env(variables.iter().map(variable).collect()))
        }
        McpTransport::Http { url, headers } => {
            let header = |given: &Variable| acp::HttpHeader::new(given.name.as_str(), given.value.as_str());
            let server = acp::McpServerHttp::new(name.as_str(), url.as_str());
            acp::McpServer::Http(server.headers(headers.iter().map(header).collect()))
        }
    }
}
