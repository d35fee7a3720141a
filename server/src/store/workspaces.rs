//! Workspaces.

use octobot_wire::workspace::{Commit, WorkspaceSource, WorkspaceState};
use octobot_wire::{ProjectId, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::column::{Reading, TextColumn as _, free_text, optional_text, to_json};
use super::transaction::{Entity, execute, expect_row, query};
use super::{StoreError, Tx};
use crate::domain::Workspace;

const TABLE: &str = "workspaces";

/// The columns of a [`WorkspaceRow`], then how to find the rows.
macro_rules! select_workspaces {
    ($rest:literal) => {
        concat!(
            "SELECT id, project_id, name, source_kind, source_location, state, state_detail, goal, \
             commit_id, commit_summary, commit_branch, dirty, limits, created_at, updated_at FROM workspaces ",
            $rest
        )
    };
}

#[derive(sqlx::FromRow)]
struct WorkspaceRow {
    id: Uuid,
    project_id: String,
    name: String,
    source_kind: String,
    source_location: String,
    state: String,
    state_detail: Option<String>,
    goal: String,
    commit_id: Option<String>,
    commit_summary: Option<String>,
    commit_branch: Option<String>,
    dirty: bool,
    limits: String,
    created_at: i64,
    updated_at: i64,
}

#[derive(Serialize, Deserialize)]
struct CloningDetail {
    step: String,
    percent: Option<u8>,
}

#[derive(Serialize, Deserialize)]
struct ErrorDetail {
    reason: String,
}

impl TryFrom<WorkspaceRow> for Workspace {
    type Error = StoreError;

    fn try_from(row: WorkspaceRow) -> Result<Self, Self::Error> {
        let reading = Reading { table: TABLE, row: &row.id };
        Ok(Self {
            id: WorkspaceId::new(row.id),
            project_id: row.project_id.parse().map_err(|_| reading.corrupt("project_id"))?,
            source: match row.source_kind.as_str() {
                "folder" => WorkspaceSource::Folder { path: row.source_location },
                "git" => WorkspaceSource::Git { url: row.source_location },
                _ => return Err(reading.corrupt("source_kind")),
            },
            state: read_state(reading, &row.state, row.state_detail.as_deref())?,
            goal: reading.text("goal", &row.goal)?,
            commit: match (row.commit_id, row.commit_summary) {
                (Some(id), Some(summary)) => Some(Commit { id, summary, branch: row.commit_branch }),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => return Err(reading.corrupt("commit_id")),
            },
            name: row.name,
            dirty: row.dirty,
            limits: reading.detail("limits", Some(&row.limits))?,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}

fn read_state(reading: Reading<'_>, state: &str, detail: Option<&str>) -> Result<WorkspaceState, StoreError> {
    Ok(match state {
        "initializing" => WorkspaceState::Initializing,
        "cloning" => {
            let CloningDetail { step, percent } = reading.detail("state_detail", detail)?;
            WorkspaceState::Cloning { step, percent }
        }
        "ready" => WorkspaceState::Ready,
        "error" => {
            let ErrorDetail { reason } = reading.detail("state_detail", detail)?;
            WorkspaceState::Error { reason }
        }
        "removing" => WorkspaceState::Removing,
        _ => return Err(reading.corrupt("state")),
    })
}

fn write_state(state: &WorkspaceState) -> Result<(&'static str, Option<String>), StoreError> {
    Ok(match state {
        WorkspaceState::Initializing => ("initializing", None),
        WorkspaceState::Cloning { step, percent } => {
            ("cloning", Some(to_json(&CloningDetail { step: step.clone(), percent: *percent })?))
        }
        WorkspaceState::Ready => ("ready", None),
        WorkspaceState::Error { reason } => ("error", Some(to_json(&ErrorDetail { reason: reason.clone() })?)),
        WorkspaceState::Removing => ("removing", None),
    })
}

fn write_source(source: &WorkspaceSource) -> (&'static str, &str) {
    match source {
        WorkspaceSource::Folder { path } => ("folder", path),
        WorkspaceSource::Git { url } => ("git", url),
    }
}

impl Tx {
    /// Stores a new workspace.
    pub async fn insert_workspace(&mut self, workspace: &Workspace) -> Result<(), StoreError> {
        let (source_kind, source_location) = write_source(&workspace.source);
        let (state, state_detail) = write_state(&workspace.state)?;
        let commit = workspace.commit.as_ref();
        execute!(
            self,
            "INSERT INTO workspaces (id, project_id, name, source_kind, source_location, state, state_detail, goal, \
             commit_id, commit_summary, commit_branch, dirty, limits, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            workspace.id.uuid(),
            workspace.project_id.as_str(),
            free_text(TABLE, "name", &workspace.name)?,
            source_kind,
            free_text(TABLE, "source_location", source_location)?,
            state,
            state_detail.as_deref(),
            workspace.goal.to_text(),
            optional_text(TABLE, "commit_id", commit.map(|commit| commit.id.as_str()))?,
            optional_text(TABLE, "commit_summary", commit.map(|commit| commit.summary.as_str()))?,
            optional_text(TABLE, "commit_branch", commit.and_then(|commit| commit.branch.as_deref()))?,
            workspace.dirty,
            to_json(&workspace.limits)?,
            workspace.created_at.0,
            workspace.updated_at.0,
        )
        .map(|_| ())
    }

    /// Stores a changed workspace. Its project and its source stay as they are.
    pub async fn update_workspace(&mut self, workspace: &Workspace) -> Result<(), StoreError> {
        let (state, state_detail) = write_state(&workspace.state)?;
        let commit = workspace.commit.as_ref();
        let changed = execute!(
            self,
            "UPDATE workspaces SET name = $2, state = $3, state_detail = $4, goal = $5, commit_id = $6, \
             commit_summary = $7, commit_branch = $8, dirty = $9, limits = $10, updated_at = $11 WHERE id = $1",
            workspace.id.uuid(),
            free_text(TABLE, "name", &workspace.name)?,
            state,
            state_detail.as_deref(),
            workspace.goal.to_text(),
            optional_text(TABLE, "commit_id", commit.map(|commit| commit.id.as_str()))?,
            optional_text(TABLE, "commit_summary", commit.map(|commit| commit.summary.as_str()))?,
            optional_text(TABLE, "commit_branch", commit.and_then(|commit| commit.branch.as_deref()))?,
            workspace.dirty,
            to_json(&workspace.limits)?,
            workspace.updated_at.0,
        )?;
        expect_row(changed, TABLE, workspace.id)
    }

    /// A workspace of a project.
    pub async fn workspace(&mut self, project: &ProjectId, id: WorkspaceId) -> Result<Option<Workspace>, StoreError> {
        Ok(self.workspace_by_id(id).await?.filter(|workspace| workspace.project_id == *project))
    }

    /// A workspace of any project.
    pub async fn workspace_by_id(&mut self, id: WorkspaceId) -> Result<Option<Workspace>, StoreError> {
        self.hold(Entity::Workspace(id)).await?;
        query!(self, fetch_optional, WorkspaceRow, select_workspaces!("WHERE id = $1"), id.uuid())?
            .map(Workspace::try_from)
            .transpose()
    }

    /// A project's workspaces, oldest first.
    pub async fn workspaces(&mut self, project: &ProjectId) -> Result<Vec<Workspace>, StoreError> {
        let sql = select_workspaces!("WHERE project_id = $1 ORDER BY created_at, id");
        query!(self, fetch_all, WorkspaceRow, sql, project.as_str())?.into_iter().map(Workspace::try_from).collect()
    }

    /// The workspaces of all projects, oldest first.
    pub async fn all_workspaces(&mut self) -> Result<Vec<Workspace>, StoreError> {
        let sql = select_workspaces!("ORDER BY created_at, id");
        query!(self, fetch_all, WorkspaceRow, sql)?.into_iter().map(Workspace::try_from).collect()
    }

    /// Deletes a workspace. One that has sessions can't be deleted.
    pub async fn delete_workspace(&mut self, id: WorkspaceId) -> Result<(), StoreError> {
        execute!(self, "DELETE FROM workspaces WHERE id = $1", id.uuid()).map(|_| ())
    }
}
