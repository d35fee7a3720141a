//! What only PostgreSQL understands: how it is opened and migrated, row locks, notifications, and taking a job.

use octobot_wire::ProjectId;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Postgres, Transaction};

use super::transaction::{Access, Entity};
use super::{StoreError, migrator};

/// The channel on which replicas tell each other of events.
pub(super) const CHANNEL: &str = "octobot_events";

const CONNECTIONS: u32 = 16;

/// The connections to a PostgreSQL server.
#[derive(Debug, Clone)]
pub(super) struct PostgresPool(pub(super) PgPool);

impl PostgresPool {
    /// Connects and migrates.
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        let options = url.parse::<PgConnectOptions>()?.application_name("octobot");
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
        // Each migration is a transaction, and all of them run under an advisory lock.
        let mut connection = pool.acquire().await?;
        // `run` does the same, but its future can't be sent between threads.
        migrator(&MIGRATIONS).run_direct(None, &mut *connection, false).await?;
        Ok(Self(pool))
    }

    /// Begins a transaction. A writer sees what others commit meanwhile, which its locks keep from mattering
    /// (see [`lock`]); a reader sees one state.
    pub(super) async fn begin(&self, access: Access) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        match access {
            Access::Read => self.0.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await,
            Access::Write => self.0.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await,
        }
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

/// All migrations, in order. One that was released is never changed.
const MIGRATIONS: [(&str, &str); 13] = [
    ("initial", include_str!("../../migrations/postgres/0001_initial.sql")),
    ("lease ids", include_str!("../../migrations/postgres/0002_lease_ids.sql")),
    ("agents", include_str!("../../migrations/postgres/0003_agents.sql")),
    ("mcp servers", include_str!("../../migrations/postgres/0004_mcp_servers.sql")),
    ("workspace limits", include_str!("../../migrations/postgres/0005_workspace_limits.sql")),
    ("inputs", include_str!("../../migrations/postgres/0006_inputs.sql")),
    ("credentials", include_str!("../../migrations/postgres/0007_credentials.sql")),
    ("network", include_str!("../../migrations/postgres/0008_network.sql")),
    ("session network", include_str!("../../migrations/postgres/0009_session_network.sql")),
    ("forks", include_str!("../../migrations/postgres/0010_forks.sql")),
    ("commit flows", include_str!("../../migrations/postgres/0011_commit_flows.sql")),
    ("pull requests", include_str!("../../migrations/postgres/0012_pull_requests.sql")),
    ("rewinds", include_str!("../../migrations/postgres/0013_rewinds.sql")),
];

/// Locks an entity's row against other writers. Rows that refer to it can still be added, hence `NO KEY`.
pub(super) async fn lock(transaction: &mut Transaction<'_, Postgres>, entity: Entity<'_>) -> Result<(), sqlx::Error> {
    let query = match entity {
        Entity::Project(id) => {
            sqlx::query("SELECT 1 FROM projects WHERE id = $1 FOR NO KEY UPDATE").bind(id.as_str().to_owned())
        }
        Entity::Agent(id) => sqlx::query("SELECT 1 FROM agents WHERE id = $1 FOR NO KEY UPDATE").bind(id.uuid()),
        Entity::Workspace(id) => {
            sqlx::query("SELECT 1 FROM workspaces WHERE id = $1 FOR NO KEY UPDATE").bind(id.uuid())
        }
        Entity::Session(id) => sqlx::query("SELECT 1 FROM sessions WHERE id = $1 FOR NO KEY UPDATE").bind(id.uuid()),
    };
    query.execute(&mut **transaction).await.map(|_| ())
}

/// Tells other replicas, once the transaction is committed, that a project has events up to this number.
pub(super) async fn notify(
    transaction: &mut Transaction<'_, Postgres>,
    project: &ProjectId,
    number: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_notify($1, $2)")
        .bind(CHANNEL)
        .bind(format!("{project}:{number}"))
        .execute(&mut **transaction)
        .await
        .map(|_| ())
}

/// Takes the job that is due for longest and that nobody else is taking right now. The values are the owner, the end
/// of its lease, and now.
pub(super) const TAKE_JOB: &str = "UPDATE jobs SET lease_owner = $1, lease = $2, leased_until = $3, attempts = attempts + 1 \
     WHERE (kind, subject) = (SELECT kind, subject FROM jobs \
         WHERE run_at <= $4 AND (leased_until IS NULL OR leased_until <= $4) \
         ORDER BY run_at, kind, subject LIMIT 1 FOR UPDATE SKIP LOCKED) \
     RETURNING kind, subject, generation, lease, attempts, run_at";
