//! MCP servers of an agent: listed without their values, and saved all at once. What is checked here is what every agent's
//! program and every MCP server can take.

use std::collections::HashSet;

use http::{HeaderName, HeaderValue, Uri};
use octobot_app::ports::Caller;
use octobot_wire::launch::Variable;
use octobot_wire::mcp::{McpTransport, SaveMcpServer, SaveMcpServers};
use octobot_wire::{AgentId, McpServerId, ProjectId};

use super::{AgentService, ServiceError};
use crate::domain::McpServer;
use crate::store::Tx;

/// How many servers an agent may have.
const MAX_SERVERS: usize = 32;

/// The longest name, in bytes.
const MAX_NAME: usize = 64;

/// How long a command, an address or a value may be, in bytes.
const MAX_BYTES: usize = 32 * 1024;

/// What is wrong with an MCP server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMcpServer {
    /// Its name.
    #[error("A name has letters, digits, “-” and “_”, at most {MAX_NAME} of them.")]
    Name,
    /// Its name again.
    #[error("There is another server of this name.")]
    NameTwice,
    /// No program.
    #[error("Say which program to run.")]
    CommandMissing,
    /// A command that can't be run.
    #[error("A command has no NUL characters and at most {MAX_BYTES} bytes.")]
    Command,
    /// An address that isn't one.
    #[error("Give an address that begins with http:// or https://.")]
    Url,
    /// A variable that can't be one.
    #[error("{0:?} can't be the name of a variable.")]
    VariableName(String),
    /// A header that can't be one.
    #[error("{0:?} can't be the name of a header.")]
    HeaderName(String),
    /// A value that can't be given.
    #[error("{0} has a value that can't be passed on.")]
    Value(String),
    /// A value without one that could be kept.
    #[error("{0} has no value.")]
    ValueMissing(String),
    /// A value twice.
    #[error("{0} is there twice.")]
    ValueTwice(String),
    /// More servers than an agent may have.
    #[error("An agent has at most {MAX_SERVERS} MCP servers.")]
    TooMany,
}

impl InvalidMcpServer {
    /// The field that it is about.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Name | Self::NameTwice => "name",
            Self::CommandMissing | Self::Command => "command",
            Self::Url => "url",
            Self::VariableName(_)
            | Self::HeaderName(_)
            | Self::Value(_)
            | Self::ValueMissing(_)
            | Self::ValueTwice(_) => "values",
            Self::TooMany => "servers",
        }
    }
}

impl AgentService {
    /// The MCP servers of an agent, without their values.
    pub async fn mcp_servers(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: AgentId,
    ) -> Result<Vec<McpServer>, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.find(&mut tx, caller, project, id).await?;
        Ok(tx.mcp_servers(id).await?)
    }

    /// Replaces the MCP servers of an agent. A value that isn't given is kept, if it is stored for the same server.
    pub async fn save_mcp_servers(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: AgentId,
        request: SaveMcpServers,
    ) -> Result<Vec<McpServer>, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        self.find(&mut tx, caller, project, id).await?;
        let servers = self.replace_mcp_servers(&mut tx, id, "servers", request.servers).await?;
        self.core.commit(tx).await?;
        tracing::info!(agent.id = %id, mcp.servers = servers.len(), "the MCP servers of agent {id} were saved");
        Ok(servers)
    }

    /// Replaces them by those that a field of a request gives.
    pub(super) async fn replace_mcp_servers(
        &self,
        tx: &mut Tx,
        id: AgentId,
        field: &'static str,
        given: Vec<SaveMcpServer>,
    ) -> Result<Vec<McpServer>, ServiceError> {
        let known: HashSet<_> = tx.mcp_servers(id).await?.into_iter().map(|server| server.id).collect();
        if given.len() > MAX_SERVERS {
            return Err(ServiceError::McpServer { field, index: MAX_SERVERS, source: InvalidMcpServer::TooMany });
        }
        let mut names = HashSet::new();
        let mut servers = Vec::with_capacity(given.len());
        for (index, server) in given.into_iter().enumerate() {
            // An id is taken only from a server of this agent's, and only once.
            let known_id = server.id.filter(|id| known.contains(id) && !is_taken(&servers, *id));
            let kept = match known_id {
                Some(id) => tx.mcp_values(id).await?,
                None => Vec::new(),
            };
            let invalid = |source| ServiceError::McpServer { field, index, source };
            if !names.insert(server.name.clone()) {
                return Err(invalid(InvalidMcpServer::NameTwice));
            }
            let values = checked(&server, &kept).map_err(invalid)?;
            let id_of_server = known_id.unwrap_or_else(|| McpServerId::new(self.core.fresh()));
            servers.push((named(server, id_of_server, id), values));
        }
        tx.replace_mcp_servers(id, &servers).await?;
        Ok(servers.into_iter().map(|(server, _)| server).collect())
    }
}

fn is_taken(servers: &[(McpServer, Vec<Variable>)], id: McpServerId) -> bool {
    servers.iter().any(|(server, _)| server.id == id)
}

fn named(server: SaveMcpServer, id: McpServerId, agent_id: AgentId) -> McpServer {
    let value_names = server.values.into_iter().map(|value| value.name).collect();
    McpServer { id, agent_id, name: server.name, transport: server.transport, value_names }
}

/// The values of a server that can be reached so; those that aren't given are the kept ones.
fn checked(server: &SaveMcpServer, kept: &[Variable]) -> Result<Vec<Variable>, InvalidMcpServer> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if server.name.is_empty() || server.name.len() > MAX_NAME || !server.name.chars().all(is_plain) {
        return Err(InvalidMcpServer::Name);
    }
    match &server.transport {
        McpTransport::Stdio { command } => check_command(command)?,
        McpTransport::Http { url } => check_url(url)?,
    }
    let mut names = HashSet::new();
    let mut values = Vec::with_capacity(server.values.len());
    for given in &server.values {
        let missing = || InvalidMcpServer::ValueMissing(given.name.clone());
        let value = given.given_or_kept(kept).ok_or_else(missing)?;
        let name = check_value(&server.transport, &given.name, &value)?;
        if !names.insert(name) {
            return Err(InvalidMcpServer::ValueTwice(given.name.clone()));
        }
        values.push(Variable { name: given.name.clone(), value });
    }
    Ok(values)
}

fn check_command(command: &[String]) -> Result<(), InvalidMcpServer> {
    if command.first().is_none_or(|program| program.trim().is_empty()) {
        return Err(InvalidMcpServer::CommandMissing);
    }
    let bytes: usize = command.iter().map(String::len).sum();
    if bytes > MAX_BYTES || command.iter().any(|word| word.contains('\0')) {
        return Err(InvalidMcpServer::Command);
    }
    Ok(())
}

fn check_url(url: &str) -> Result<(), InvalidMcpServer> {
    let uri: Uri = url.parse().map_err(|_| InvalidMcpServer::Url)?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    if is_http && has_host && url.len() <= MAX_BYTES { Ok(()) } else { Err(InvalidMcpServer::Url) }
}

/// Checks a variable or a header; the answer is its name as it is compared with others.
fn check_value(transport: &McpTransport, name: &str, value: &str) -> Result<String, InvalidMcpServer> {
    if value.len() > MAX_BYTES || value.contains('\0') {
        return Err(InvalidMcpServer::Value(name.to_owned()));
    }
    match transport {
        McpTransport::Stdio { .. } => {
            let is_name = !name.is_empty() && !name.contains(['=', '\0']) && !name.contains(char::is_whitespace);
            if is_name { Ok(name.to_owned()) } else { Err(InvalidMcpServer::VariableName(name.to_owned())) }
        }
        McpTransport::Http { .. } => {
            let header: HeaderName = name.parse().map_err(|_| InvalidMcpServer::HeaderName(name.to_owned()))?;
            HeaderValue::from_str(value).map_err(|_| InvalidMcpServer::Value(name.to_owned()))?;
            Ok(header.as_str().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use octobot_wire::value::SaveValue;

    use super::*;

    fn server(name: &str, transport: McpTransport, values: &[(&str, Option<&str>)]) -> SaveMcpServer {
        let value = |&(name, value): &(&str, Option<&str>)| SaveValue {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        };
        SaveMcpServer { id: None, name: name.to_owned(), transport, values: values.iter().map(value).collect() }
    }

    fn stdio(command: &[&str]) -> McpTransport {
        McpTransport::Stdio { command: command.iter().map(|&word| word.to_owned()).collect() }
    }

    fn http(url: &str) -> McpTransport {
        McpTransport::Http { url: url.to_owned() }
    }

    fn variable(name: &str, value: &str) -> Variable {
        Variable { name: name.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn a_value_that_is_not_given_is_the_stored_one() {
        let saved = server("files", stdio(&["mcp-files"]), &[("KEY", None), ("OTHER", Some("new"))]);
        let kept = [variable("KEY", "old"), variable("GONE", "x")];
        assert_eq!(checked(&saved, &kept), Ok(vec![variable("KEY", "old"), variable("OTHER", "new")]));
        assert_eq!(checked(&saved, &[]), Err(InvalidMcpServer::ValueMissing("KEY".to_owned())));
    }

    #[test]
    fn what_no_agent_can_use_is_refused() {
        let long = "a".repeat(MAX_NAME + 1);
        for name in ["", "a b", "a/b", "é", &long] {
            assert_eq!(checked(&server(name, stdio(&["a"]), &[]), &[]), Err(InvalidMcpServer::Name), "{name}");
        }
        for command in [&[][..], &[" "][..]] {
            assert_eq!(checked(&server("a", stdio(command), &[]), &[]), Err(InvalidMcpServer::CommandMissing));
        }
        assert_eq!(checked(&server("a", stdio(&["a", "b\0"]), &[]), &[]), Err(InvalidMcpServer::Command));
        for url in ["", "example.com", "ftp://example.com", "http://", "file:///etc", "http://a b"] {
            assert_eq!(checked(&server("a", http(url), &[]), &[]), Err(InvalidMcpServer::Url), "{url}");
        }
        for url in ["http://127.0.0.1:9/mcp", "https://example.com/mcp?x=1"] {
            assert_eq!(checked(&server("a", http(url), &[]), &[]), Ok(Vec::new()), "{url}");
        }
    }

    #[test]
    fn values_are_what_a_variable_or_a_header_can_be() {
        let of_stdio = |name| checked(&server("a", stdio(&["a"]), &[(name, Some("x"))]), &[]);
        assert_eq!(of_stdio("A=B"), Err(InvalidMcpServer::VariableName("A=B".to_owned())));
        let of_http = |values: &[(&str, Option<&str>)]| checked(&server("a", http("http://a"), values), &[]);
        assert_eq!(of_http(&[("a b", Some("x"))]), Err(InvalidMcpServer::HeaderName("a b".to_owned())));
        assert_eq!(of_http(&[("a", Some("x\ny"))]), Err(InvalidMcpServer::Value("a".to_owned())));
        let twice = of_http(&[("Key", Some("x")), ("key", Some("y"))]);
        assert_eq!(twice, Err(InvalidMcpServer::ValueTwice("key".to_owned())));
    }
}
