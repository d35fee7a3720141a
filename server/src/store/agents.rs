//! Agents.

use octobot_wire::{AgentId, ProjectId, Timestamp};
use uuid::Uuid;

use super::column::{Reading, TextColumn as _, free_text, to_json};
use super::transaction::{Entity, execute, expect_row, query};
use super::{StoreError, Tx};
use crate::domain::Agent;

const TABLE: &str = "agents";

/// The columns of an [`AgentRow`], then how to find the rows.
macro_rules! select_agents {
    ($rest:literal) => {
        concat!(
            "SELECT id, project_id, name, agent_type, is_default, setup_script, options, created_at, updated_at FROM agents ",
            $rest
        )
    };
}

#[derive(sqlx::FromRow)]
struct AgentRow {
    id: Uuid,
    project_id: String,
    name: String,
    agent_type: String,
    is_default: bool,
    setup_script: String,
    options: String,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<AgentRow> for Agent {
    type Error = StoreError;

    fn try_from(row: AgentRow) -> Result<Self, Self::Error> {
        let reading = Reading { table: TABLE, row: &row.id };
        Ok(Self {
            id: AgentId::new(row.id),
            project_id: row.project_id.parse().map_err(|_| reading.corrupt("project_id"))?,
            agent_type: reading.text("agent_type", &row.agent_type)?,
            name: row.name,
            is_default: row.is_default,
            options: reading.detail("options", Some(&row.options))?,
            setup_script: row.setup_script,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}

impl Tx {
    /// Stores a new agent. A project has at most one that is the default.
    pub async fn insert_agent(&mut self, agent: &Agent) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO agents (id, project_id, name, agent_type, is_default, setup_script, options, created_at, \
             updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            agent.id.uuid(),
            agent.project_id.as_str(),
            free_text(TABLE, "name", &agent.name)?,
            agent.agent_type.to_text(),
            agent.is_default,
            free_text(TABLE, "setup_script", &agent.setup_script)?,
            to_json(&agent.options)?.as_str(),
            agent.created_at.0,
            agent.updated_at.0,
        )
        .map(|_| ())
    }

    /// Stores a changed agent, except whether it is the default: see [`Tx::make_default`].
    pub async fn update_agent(&mut self, agent: &Agent) -> Result<(), StoreError> {
        let changed = execute!(
            self,
            "UPDATE agents SET name = $2, agent_type = $3, setup_script = $4, options = $5, updated_at = $6 WHERE id = $1",
            agent.id.uuid(),
            free_text(TABLE, "name", &agent.name)?,
            agent.agent_type.to_text(),
            free_text(TABLE, "setup_script", &agent.setup_script)?,
            to_json(&agent.options)?.as_str(),
            agent.updated_at.0,
        )?;
        expect_row(changed, TABLE, agent.id)
    }

    /// An agent of a project.
    pub async fn agent(&mut self, project: &ProjectId, id: AgentId) -> Result<Option<Agent>, StoreError> {
        Ok(self.agent_by_id(id).await?.filter(|agent| agent.project_id == *project))
    }

    /// An agent of any project.
    pub async fn agent_by_id(&mut self, id: AgentId) -> Result<Option<Agent>, StoreError> {
        self.hold(Entity::Agent(id)).await?;
        query!(self, fetch_optional, AgentRow, select_agents!("WHERE id = $1"), id.uuid())?
            .map(Agent::try_from)
            .transpose()
    }

    /// The agent that a project's new sessions take when none is named.
    pub async fn default_agent(&mut self, project: &ProjectId) -> Result<Option<Agent>, StoreError> {
        let sql = select_agents!("WHERE project_id = $1 AND is_default");
        query!(self, fetch_optional, AgentRow, sql, project.as_str())?.map(Agent::try_from).transpose()
    }

    /// A project's agents, oldest first.
    pub async fn agents(&mut self, project: &ProjectId) -> Result<Vec<Agent>, StoreError> {
        let sql = select_agents!("WHERE project_id = $1 ORDER BY created_at, id");
        query!(self, fetch_all, AgentRow, sql, project.as_str())?.into_iter().map(Agent::try_from).collect()
    }

    /// Makes an agent its project's default, in place of the one that was.
    pub async fn make_default(&mut self, project: &ProjectId, id: AgentId) -> Result<(), StoreError> {
        self.hold(Entity::Project(project)).await?;
        execute!(
            self,
            "UPDATE agents SET is_default = FALSE WHERE project_id = $1 AND is_default AND id <> $2",
            project.as_str(),
            id.uuid(),
        )?;
        let changed = execute!(
            self,
            "UPDATE agents SET is_default = TRUE WHERE project_id = $1 AND id = $2",
            project.as_str(),
            id.uuid(),
        )?;
        expect_row(changed, TABLE, id)
    }

    /// Deletes an agent. One that a session is bound to can't be deleted.
    pub async fn delete_agent(&mut self, id: AgentId) -> Result<(), StoreError> {
        execute!(self, "DELETE FROM agents WHERE id = $1", id.uuid()).map(|_| ())
    }

    /// How many sessions are bound to an agent.
    pub async fn sessions_with_agent(&mut self, id: AgentId) -> Result<u64, StoreError> {
        let (count,) = query!(self, fetch_one, (i64,), "SELECT COUNT(*) FROM sessions WHERE agent_id = $1", id.uuid())?;
        Reading { table: TABLE, row: &id }.number("id", count)
    }
}
