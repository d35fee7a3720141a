//! The store: all that Octobot remembers, in SQLite or PostgreSQL. The only module with SQL in it.
//!
//! Everything happens in a [`Tx`]. A change and the event that tells of it are committed together, and events are
//! numbered in commit order, so a reader of the events never misses a change. The rules of the domain don't belong
//! here: the store writes the entity that it is given.
//!
//! Both engines behave alike; `tests/store.rs` holds them to it. SQL that both understand stands once, beside its
//! entity; what only one understands stands in `sqlite` and `postgres`.

mod agents;
mod attachments;
mod column;
mod credentials;
mod error;
mod events;
mod files;
mod forks;
mod jobs;
mod leases;
mod listener;
mod mcp_servers;
mod network;
mod parts;
mod postgres;
mod projects;
mod pull_requests;
mod rewinds;
mod session_log;
mod sessions;
mod sqlite;
mod transaction;
mod transcript;
mod turns;
mod url;
mod values;
mod workspaces;

use std::sync::Arc;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

pub use self::error::StoreError;
pub use self::events::Recorded;
pub use self::jobs::Heartbeat;
pub use self::listener::{EventListener, Heard};
use self::postgres::PostgresPool;
use self::sqlite::SqlitePools;
pub use self::transaction::Tx;
use self::transaction::{Access, Connection};
pub use self::url::{DatabaseUrl, InvalidDatabaseUrl};
use crate::vault::Vault;

/// The store. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    pools: Pools,
    vault: Arc<Vault>,
}

/// Which database engine is behind the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

#[derive(Debug, Clone)]
enum Pools {
    Sqlite(SqlitePools),
    Postgres(PostgresPool),
}

impl Store {
    /// Connects, and brings the schema up to date.
    pub async fn open(url: &DatabaseUrl, vault: Vault) -> Result<Self, StoreError> {
        let pools = match url {
            DatabaseUrl::Sqlite(path) => Pools::Sqlite(SqlitePools::open(path).await?),
            DatabaseUrl::Postgres(url) => Pools::Postgres(PostgresPool::open(url).await?),
        };
        Ok(Self { pools, vault: Arc::new(vault) })
    }

    /// Begins a transaction that reads and writes. An entity that it has read by its id, and the turns of a session,
    /// aren't changed by others until it ends.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        self.transaction(Access::Write).await
    }

    /// Begins a transaction that only reads: all its reads see the database as it was at the first of them.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        self.transaction(Access::Read).await
    }

    /// Says whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read().await?.ping().await
    }

    /// Closes all connections, once the transactions that are open have ended.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite(pools) => pools.close().await,
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// Which database engine it is.
    pub fn engine(&self) -> Engine {
        match self.pools {
            Pools::Sqlite(_) => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
        }
    }

    async fn transaction(&self, access: Access) -> Result<Tx, StoreError> {
        let connection = match &self.pools {
            Pools::Sqlite(pools) => Connection::Sqlite(pools.begin(access).await?),
            Pools::Postgres(pool) => Connection::Postgres(pool.begin(access).await?),
        };
        Ok(Tx::new(connection, access, Arc::clone(&self.vault)))
    }
}

/// The migrator of an engine's migrations, each a name and its SQL, numbered from 1 in their order.
fn migrator(migrations: &[(&'static str, &'static str)]) -> Migrator {
    let numbered = (1..).zip(migrations).map(|(number, (name, sql))| {
        Migration::new(number, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(numbered.collect())
}
