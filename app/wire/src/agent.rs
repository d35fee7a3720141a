//! Agents, a project's configurations of agent types.

use serde::{Deserialize, Serialize};

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
    /// For the shell: a script that runs once in each new session before the first prompt. Empty for none.
    pub setup_script: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
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
}
