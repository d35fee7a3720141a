//! Sessions.

use octobot_wire::session::{Isolation, SessionState};
use octobot_wire::setting::AgentState;
use octobot_wire::{AgentId, ProjectId, SessionId, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::column::{Reading, TextColumn as _, optional_text, to_json, to_number};
use super::transaction::{Entity, execute, expect_row, query};
use super::{StoreError, Tx};
use crate::domain::Session;

const TABLE: &str = "sessions";

/// The columns of a [`SessionRow`], then how to find the rows.
macro_rules! select_sessions {
    ($rest:literal) => {
        concat!(
            "SELECT id, project_id, workspace_id, agent_id, name, display_name, state, state_detail, goal, isolation, \
             daemon_events, network_phase, repository_policy, forked_from, commit_flow, created_at, updated_at FROM sessions ",
            $rest
        )
    };
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    project_id: String,
    workspace_id: Uuid,
    agent_id: Uuid,
    name: Option<String>,
    display_name: Option<String>,
    state: String,
    state_detail: Option<String>,
    goal: String,
    isolation: Option<String>,
    daemon_events: i64,
    network_phase: String,
    repository_policy: Option<String>,
    forked_from: Option<Uuid>,
    commit_flow: Option<String>,
    created_at: i64,
    updated_at: i64,
}

#[derive(Serialize, Deserialize)]
struct ErrorDetail {
    stage: String,
    reason: String,
}

#[derive(Serialize, Deserialize)]
struct IsolationDetail {
    provider: String,
    isolated: bool,
    network: String,
    missing_limits: Vec<String>,
}

impl TryFrom<SessionRow> for Session {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, Self::Error> {
        let reading = Reading { table: TABLE, row: &row.id };
        Ok(Self {
            id: SessionId::new(row.id),
            project_id: row.project_id.parse().map_err(|_| reading.corrupt("project_id"))?,
            workspace_id: WorkspaceId::new(row.workspace_id),
            agent_id: AgentId::new(row.agent_id),
            state: read_state(reading, &row.state, row.state_detail.as_deref())?,
            goal: reading.text("goal", &row.goal)?,
            isolation: row.isolation.map(|isolation| read_isolation(reading, &isolation)).transpose()?,
            daemon_events: reading.number("daemon_events", row.daemon_events)?,
            phase: reading.text("network_phase", &row.network_phase)?,
            repository_policy: match &row.repository_policy {
                Some(policy) => Some(reading.detail("repository_policy", Some(policy))?),
                None => None,
            },
            forked_from: row.forked_from.map(SessionId::new),
            commit_flow: match &row.commit_flow {
                Some(flow) => Some(reading.detail("commit_flow", Some(flow))?),
                None => None,
            },
            name: row.name,
            display_name: row.display_name,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}

fn read_state(reading: Reading<'_>, state: &str, detail: Option<&str>) -> Result<SessionState, StoreError> {
    Ok(match state {
        "initializing" => SessionState::Initializing,
        "cloning" => SessionState::Cloning,
        "pulling_image" => SessionState::PullingImage,
        "creating_sandbox" => SessionState::CreatingSandbox,
        "ready" => SessionState::Ready,
        "running" => SessionState::Running,
        "stopped" => SessionState::Stopped,
        "error" => {
            let ErrorDetail { stage, reason } = reading.detail("state_detail", detail)?;
            SessionState::Error { stage: reading.text("state_detail", &stage)?, reason }
        }
        "removing" => SessionState::Removing,
        _ => return Err(reading.corrupt("state")),
    })
}

fn write_state(state: &SessionState) -> Result<(&'static str, Option<String>), StoreError> {
    Ok(match state {
        SessionState::Initializing => ("initializing", None),
        SessionState::Cloning => ("cloning", None),
        SessionState::PullingImage => ("pulling_image", None),
        SessionState::CreatingSandbox => ("creating_sandbox", None),
        SessionState::Ready => ("ready", None),
        SessionState::Running => ("running", None),
        SessionState::Stopped => ("stopped", None),
        SessionState::Error { stage, reason } => {
            let detail = ErrorDetail { stage: stage.to_text().to_owned(), reason: reason.clone() };
            ("error", Some(to_json(&detail)?))
        }
        SessionState::Removing => ("removing", None),
    })
}

fn read_isolation(reading: Reading<'_>, json: &str) -> Result<Isolation, StoreError> {
    let detail: IsolationDetail = reading.detail("isolation", Some(json))?;
    Ok(Isolation {
        provider: detail.provider,
        isolated: detail.isolated,
        network: reading.text("isolation", &detail.network)?,
        missing_limits: detail.missing_limits,
    })
}

fn write_isolation(isolation: &Isolation) -> Result<String, StoreError> {
    to_json(&IsolationDetail {
        provider: isolation.provider.clone(),
        isolated: isolation.isolated,
        network: isolation.network.to_text().to_owned(),
        missing_limits: isolation.missing_limits.clone(),
    })
}

impl Tx {
    /// Stores a new session. A second one of the project with the same idempotency key is refused as a duplicate.
    pub async fn insert_session(&mut self, session: &Session, idempotency_key: Option<Uuid>) -> Result<(), StoreError> {
        let (state, state_detail) = write_state(&session.state)?;
        let isolation = session.isolation.as_ref().map(write_isolation).transpose()?;
        let repository_policy = session.repository_policy.as_ref().map(to_json).transpose()?;
        execute!(
            self,
            "INSERT INTO sessions (id, project_id, workspace_id, agent_id, idempotency_key, name, display_name, \
             state, state_detail, goal, isolation, daemon_events, network_phase, repository_policy, created_at, \
             updated_at, forked_from) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            session.id.uuid(),
            session.project_id.as_str(),
            session.workspace_id.uuid(),
            session.agent_id.uuid(),
            idempotency_key,
            optional_text(TABLE, "name", session.name.as_deref())?,
            optional_text(TABLE, "display_name", session.display_name.as_deref())?,
            state,
            state_detail.as_deref(),
            session.goal.to_text(),
            isolation.as_deref(),
            to_number(session.daemon_events)?,
            session.phase.to_text(),
            repository_policy.as_deref(),
            session.created_at.0,
            session.updated_at.0,
            session.forked_from.map(SessionId::uuid),
        )
        .map(|_| ())
    }

    /// Stores a changed session: everything that can change but [`Session::daemon_events`], for which see
    /// [`Tx::advance_daemon_events`].
    pub async fn update_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let (state, state_detail) = write_state(&session.state)?;
        let isolation = session.isolation.as_ref().map(write_isolation).transpose()?;
        let repository_policy = session.repository_policy.as_ref().map(to_json).transpose()?;
        let commit_flow = session.commit_flow.as_ref().map(to_json).transpose()?;
        let changed = execute!(
            self,
            "UPDATE sessions SET name = $2, display_name = $3, state = $4, state_detail = $5, goal = $6, \
             isolation = $7, network_phase = $8, repository_policy = $9, updated_at = $10, commit_flow = $11 WHERE id = $1",
            session.id.uuid(),
            optional_text(TABLE, "name", session.name.as_deref())?,
            optional_text(TABLE, "display_name", session.display_name.as_deref())?,
            state,
            state_detail.as_deref(),
            session.goal.to_text(),
            isolation.as_deref(),
            session.phase.to_text(),
            repository_policy.as_deref(),
            session.updated_at.0,
            commit_flow.as_deref(),
        )?;
        expect_row(changed, TABLE, session.id)
    }

    /// Says that the transcript includes the daemon's events up to `to`, if it included those up to `from` until now.
    /// False when somebody else was quicker; then this transaction must not be committed.
    pub async fn advance_daemon_events(&mut self, id: SessionId, from: u64, to: u64) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            "UPDATE sessions SET daemon_events = $3 WHERE id = $1 AND daemon_events = $2",
            id.uuid(),
            to_number(from)?,
            to_number(to)?,
        )?;
        Ok(changed == 1)
    }

    /// What is known about a session's agent.
    pub async fn agent_state(&mut self, id: SessionId) -> Result<AgentState, StoreError> {
        let sql = "SELECT agent_state FROM sessions WHERE id = $1";
        let row = query!(self, fetch_optional, (Option<String>,), sql, id.uuid())?;
        match row.and_then(|(state,)| state) {
            Some(state) => Reading { table: TABLE, row: &id }.detail("agent_state", Some(&state)),
            None => Ok(AgentState::default()),
        }
    }

    /// Stores what is known about a session's agent.
    pub async fn update_agent_state(&mut self, id: SessionId, state: &AgentState) -> Result<(), StoreError> {
        let sql = "UPDATE sessions SET agent_state = $2 WHERE id = $1";
        let changed = execute!(self, sql, id.uuid(), to_json(state)?.as_str())?;
        expect_row(changed, TABLE, id)
    }

    /// The session of a project that was stored with an idempotency key.
    pub async fn session_by_key(&mut self, project: &ProjectId, key: Uuid) -> Result<Option<Session>, StoreError> {
        let sql = select_sessions!("WHERE project_id = $1 AND idempotency_key = $2");
        query!(self, fetch_optional, SessionRow, sql, project.as_str(), key)?.map(Session::try_from).transpose()
    }

    /// A session of a project.
    pub async fn session(&mut self, project: &ProjectId, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.session_by_id(id).await?.filter(|session| session.project_id == *project))
    }

    /// A session of any project.
    pub async fn session_by_id(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.hold(Entity::Session(id)).await?;
        query!(self, fetch_optional, SessionRow, select_sessions!("WHERE id = $1"), id.uuid())?
            .map(Session::try_from)
            .transpose()
    }

    /// A project's sessions, the most recently changed first.
    pub async fn sessions(&mut self, project: &ProjectId) -> Result<Vec<Session>, StoreError> {
        let sql = select_sessions!("WHERE project_id = $1 ORDER BY updated_at DESC, id DESC");
        query!(self, fetch_all, SessionRow, sql, project.as_str())?.into_iter().map(Session::try_from).collect()
    }

    /// The sessions of all projects, oldest first.
    pub async fn all_sessions(&mut self) -> Result<Vec<Session>, StoreError> {
        let sql = select_sessions!("ORDER BY created_at, id");
        query!(self, fetch_all, SessionRow, sql)?.into_iter().map(Session::try_from).collect()
    }

    /// The sessions in a workspace, oldest first.
    pub async fn sessions_in_workspace(&mut self, workspace: WorkspaceId) -> Result<Vec<Session>, StoreError> {
        let sql = select_sessions!("WHERE workspace_id = $1 ORDER BY created_at, id");
        query!(self, fetch_all, SessionRow, sql, workspace.uuid())?.into_iter().map(Session::try_from).collect()
    }

    /// Deletes a session with its turns, its transcript and its log.
    pub async fn delete_session(&mut self, id: SessionId) -> Result<(), StoreError> {
        execute!(self, "DELETE FROM sessions WHERE id = $1", id.uuid()).map(|_| ())
    }
}
