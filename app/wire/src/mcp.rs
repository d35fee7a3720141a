//! MCP servers of an agent: tools that its program may use beside its own.

use serde::{Deserialize, Serialize};

use crate::McpServerId;
use crate::tagged::read_tagged;
use crate::value::SaveValue;

/// An MCP server, as everybody may see it. The values that it is given are never told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct McpServer {
    /// Its id.
    pub id: McpServerId,
    /// Its name, which agents put in front of the names of its tools.
    pub name: String,
    /// How it is reached.
    pub transport: McpTransport,
    /// The names of the values that are stored for it: of variables or of headers.
    pub value_names: Vec<String>,
}

/// How an MCP server is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum McpTransport {
    /// A program that the agent runs in the sandbox and speaks to over its standard input and output. Its values are
    /// variables of its environment.
    Stdio {
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// A server that is reached over HTTP from the sandbox. Its values are headers.
    Http {
        /// Its address.
        url: String,
    },
}

read_tagged!(
    McpTransport by "kind" with { command: Vec<String>, url: String } as
    Stdio { command } Http { url }
);

/// All MCP servers that an agent is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaveMcpServers {
    /// The servers, in the order in which the agent is told of them.
    pub servers: Vec<SaveMcpServer>,
}

/// An MCP server that is new or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaveMcpServer {
    /// The server that is changed; none for a new one.
    #[serde(default)]
    pub id: Option<McpServerId>,
    /// Its name: letters, digits, `-` and `_`, at most 64 of them.
    pub name: String,
    /// How it is reached.
    pub transport: McpTransport,
    /// All its values: variables of a program's environment, or headers.
    #[serde(default)]
    pub values: Vec<SaveValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_reads_back() {
        let stdio = McpTransport::Stdio { command: vec!["npx".to_owned(), "-y".to_owned()] };
        let http = McpTransport::Http { url: "https://example.com/mcp".to_owned() };
        for transport in [stdio, http] {
            let json = serde_json::to_string(&transport).unwrap();
            assert_eq!(serde_json::from_str::<McpTransport>(&json).unwrap(), transport, "{json}");
        }
    }
}
