//! Agents, a project's configurations of agent types.

use serde::{Deserialize, Serialize};

use crate::mcp::SaveMcpServer;
use crate::{AgentId, Timestamp};

/// How an agent is launched and what it understands. Data, not code: the server lists those it knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AgentType {
    /// Its id, for instance `shell`.
    pub id: AgentTypeId,
    /// What the UI calls it.
    pub name: String,
    /// One sentence on what it does with a prompt.
    pub description: String,
}

/// Identifies an agent type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum AgentTypeId {
    /// Runs each prompt as a script by the sandbox's shell.
    Shell,
    /// Anthropic's Claude Code.
    ClaudeCode,
    /// Google's Gemini CLI.
    GeminiCli,
    /// `OpenAI`'s Codex.
    Codex,
    /// `OpenCode`.
    OpenCode,
    /// GitHub's Copilot CLI.
    CopilotCli,
    /// Goose.
    Goose,
    /// A program of the user's own that speaks the Agent Client Protocol.
    Custom,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// Its type.
    pub agent_type: AgentTypeId,
    /// Whether new sessions take it when none is named. Exactly one agent of a project is the default.
    pub is_default: bool,
    /// A script that the shell runs once in each new session before the first prompt. Empty for none.
    pub setup_script: String,
    /// What is given to its program.
    #[serde(default)]
    pub options: AgentOptions,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What an agent's program is given. The shell heeds none of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AgentOptions {
    /// What it is told before anything else; empty for nothing.
    pub system_prompt: String,
    /// The mode that its sessions start in; none for the program's own default.
    pub mode: Option<String>,
    /// The model that its sessions start with; none for the program's own default.
    pub model: Option<String>,
    /// For a custom agent the program and its arguments, which then speaks the Agent Client Protocol.
    pub command: Vec<String>,
}

/// A request to create an agent, or to change one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaveAgent {
    /// Its name.
    pub name: String,
    /// Its type. It can't be changed later.
    pub agent_type: AgentTypeId,
    /// See [`Agent::setup_script`].
    #[serde(default)]
    pub setup_script: String,
    /// See [`Agent::options`].
    #[serde(default)]
    pub options: AgentOptions,
    /// All MCP servers that it is to have; none leaves those that it has.
    #[serde(default)]
    pub mcp_servers: Option<Vec<SaveMcpServer>>,
}
