//! Agents: a project's configurations of agent types.

use octobot_wire::agent::{AgentOptions, AgentTypeId};
use octobot_wire::{AgentId, ProjectId, Timestamp, agent as wire};

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// Its name.
    pub name: String,
    /// Its type.
    pub agent_type: AgentTypeId,
    /// Whether new sessions take it when none is named.
    pub is_default: bool,
    /// A script that runs once in each new session before the first prompt; empty for none.
    pub setup_script: String,
    /// What its program is given.
    pub options: AgentOptions,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Agent {
    /// The agent as clients see it.
    pub fn to_wire(&self) -> wire::Agent {
        wire::Agent {
            id: self.id,
            name: self.name.clone(),
            agent_type: self.agent_type,
            is_default: self.is_default,
            setup_script: self.setup_script.clone(),
            options: self.options.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
