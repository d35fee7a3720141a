//! Who may be reached: the policies of projects, and what workspaces add. Patterns are kept as the text that the proxy reads.

use std::fmt::Display;
use std::str::FromStr;

use octobot_wire::{ProjectId, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};

use super::column::{Reading, TextColumn as _, to_json, to_number};
use super::transaction::{Entity, execute, query};
use super::{StoreError, Tx};
use crate::domain::network::{AllowedHost, NetworkAdditions, NetworkPolicy, preset};

const POLICIES: &str = "network_policies";
const ADDITIONS: &str = "network_additions";

#[derive(sqlx::FromRow)]
struct PolicyRow {
    revision: i64,
    enabled: bool,
    mode: String,
    presets: String,
    allowed: String,
    denied: String,
}

#[derive(sqlx::FromRow)]
struct AdditionsRow {
    revision: i64,
    allowed: String,
    denied: String,
}

/// An allowed host, as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredHost {
    host: String,
    ports: Vec<String>,
    private: bool,
    offline: bool,
}

impl From<&AllowedHost> for StoredHost {
    fn from(entry: &AllowedHost) -> Self {
        Self {
            host: entry.destination.to_string(),
            ports: texts(&entry.ports),
            private: entry.private,
            offline: entry.offline,
        }
    }
}

impl PolicyRow {
    fn read(&self, project: &ProjectId) -> Result<NetworkPolicy, StoreError> {
        let reading = Reading { table: POLICIES, row: project };
        let presets: Vec<String> = reading.detail("presets", Some(&self.presets))?;
        let presets = presets.iter().map(|name| reading.present("presets", preset(name)));
        Ok(NetworkPolicy {
            revision: reading.number("revision", self.revision)?,
            enabled: self.enabled,
            mode: reading.text("mode", &self.mode)?,
            presets: presets.collect::<Result<_, _>>()?,
            allowed: read_allowed(reading, &self.allowed)?,
            denied: read_patterns(reading, "denied", &reading.detail::<Vec<_>>("denied", Some(&self.denied))?)?,
        })
    }
}

impl AdditionsRow {
    fn read(&self, workspace: WorkspaceId) -> Result<NetworkAdditions, StoreError> {
        let reading = Reading { table: ADDITIONS, row: &workspace };
        Ok(NetworkAdditions {
            revision: reading.number("revision", self.revision)?,
            allowed: read_allowed(reading, &self.allowed)?,
            denied: read_patterns(reading, "denied", &reading.detail::<Vec<_>>("denied", Some(&self.denied))?)?,
        })
    }
}

fn read_allowed(reading: Reading<'_>, json: &str) -> Result<Vec<AllowedHost>, StoreError> {
    let stored: Vec<StoredHost> = reading.detail("allowed", Some(json))?;
    let host = |stored: StoredHost| {
        Ok(AllowedHost {
            destination: read_pattern(reading, "allowed", &stored.host)?,
            ports: read_patterns(reading, "allowed", &stored.ports)?,
            private: stored.private,
            offline: stored.offline,
        })
    };
    stored.into_iter().map(host).collect()
}

fn read_patterns<T: FromStr>(
    reading: Reading<'_>,
    column: &'static str,
    texts: &[String],
) -> Result<Vec<T>, StoreError> {
    texts.iter().map(|text| read_pattern(reading, column, text)).collect()
}

fn read_pattern<T: FromStr>(reading: Reading<'_>, column: &'static str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| reading.corrupt(column))
}

fn texts<T: Display>(patterns: &[T]) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}

fn write_allowed(allowed: &[AllowedHost]) -> Result<String, StoreError> {
    to_json(&allowed.iter().map(StoredHost::from).collect::<Vec<_>>())
}

impl Tx {
    /// A project's policy; what every project begins with where it was never changed.
    pub async fn network_policy(&mut self, project: &ProjectId) -> Result<NetworkPolicy, StoreError> {
        self.hold(Entity::Project(project)).await?;
        let sql =
            "SELECT revision, enabled, mode, presets, allowed, denied FROM network_policies WHERE project_id = $1";
        let row = query!(self, fetch_optional, PolicyRow, sql, project.as_str())?;
        row.map_or_else(|| Ok(NetworkPolicy::default()), |row| row.read(project))
    }

    /// Stores a project's policy.
    pub async fn save_network_policy(
        &mut self,
        project: &ProjectId,
        policy: &NetworkPolicy,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let presets: Vec<_> = policy.presets.iter().map(|preset| preset.name()).collect();
        execute!(
            self,
            "INSERT INTO network_policies (project_id, revision, enabled, mode, presets, allowed, denied, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (project_id) DO UPDATE SET \
             revision = excluded.revision, enabled = excluded.enabled, mode = excluded.mode, \
             presets = excluded.presets, allowed = excluded.allowed, denied = excluded.denied, \
             updated_at = excluded.updated_at",
            project.as_str(),
            to_number(policy.revision)?,
            policy.enabled,
            policy.mode.to_text(),
            to_json(&presets)?,
            write_allowed(&policy.allowed)?,
            to_json(&texts(&policy.denied))?,
            now.0,
        )
        .map(|_| ())
    }

    /// What a workspace adds to its project's policy.
    pub async fn network_additions(&mut self, workspace: WorkspaceId) -> Result<NetworkAdditions, StoreError> {
        self.hold(Entity::Workspace(workspace)).await?;
        let sql = "SELECT revision, allowed, denied FROM network_additions WHERE workspace_id = $1";
        let row = query!(self, fetch_optional, AdditionsRow, sql, workspace.uuid())?;
        row.map_or_else(|| Ok(NetworkAdditions::default()), |row| row.read(workspace))
    }

    /// Stores what a workspace adds.
    pub async fn save_network_additions(
        &mut self,
        workspace: WorkspaceId,
        additions: &NetworkAdditions,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO network_additions (workspace_id, revision, allowed, denied, updated_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace_id) DO UPDATE SET revision = excluded.revision, \
             allowed = excluded.allowed, denied = excluded.denied, updated_at = excluded.updated_at",
            workspace.uuid(),
            to_number(additions.revision)?,
            write_allowed(&additions.allowed)?,
            to_json(&texts(&additions.denied))?,
            now.0,
        )
        .map(|_| ())
    }
}
