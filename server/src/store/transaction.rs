//! Transactions, and how one SQL text runs on either engine.

use std::sync::Arc;

use octobot_wire::event::Change;
use octobot_wire::{AgentId, ProjectId, SessionId, Timestamp, WorkspaceId};
use sqlx::{Postgres, Sqlite};

use super::{Recorded, StoreError, postgres};
use crate::vault::Vault;

/// A transaction. Dropped without [`Tx::commit`], it is rolled back.
///
/// After a statement has failed, nothing more can be done in it: the engines differ in what they would keep.
#[derive(Debug)]
pub struct Tx {
    pub(super) connection: Connection,
    pub(super) access: Access,
    pub(super) vault: Arc<Vault>,
    pub(super) changes: Vec<(ProjectId, Change)>,
    failed: bool,
}

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Reads one state of the database.
    Read,
    /// Reads and writes.
    Write,
}

/// The transaction of an engine.
#[derive(Debug)]
pub(super) enum Connection {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// An entity that is read, changed and written back as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entity<'a> {
    Project(&'a ProjectId),
    Agent(AgentId),
    Workspace(WorkspaceId),
    /// A session with its turns and its transcript.
    Session(SessionId),
}

/// Runs a statement; the answer is how many rows it changed.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {{
        $tx.check_usable()?;
        let result = match &mut $tx.connection {
            $crate::store::transaction::Connection::Sqlite(connection) => {
                sqlx::query($sql)$(.bind($value))*.execute(&mut **connection).await.map(|done| done.rows_affected())
            }
            $crate::store::transaction::Connection::Postgres(connection) => {
                sqlx::query($sql)$(.bind($value))*.execute(&mut **connection).await.map(|done| done.rows_affected())
            }
        };
        $tx.checked(result)
    }};
}

/// Runs a query; the answer is in rows of the given type, as many as `$fetch` says (one of sqlx's `fetch_…` methods).
macro_rules! query {
    ($tx:expr, $fetch:ident, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {{
        $tx.check_usable()?;
        let result = match &mut $tx.connection {
            $crate::store::transaction::Connection::Sqlite(connection) => {
                sqlx::query_as::<_, $row>($sql)$(.bind($value))*.$fetch(&mut **connection).await
            }
            $crate::store::transaction::Connection::Postgres(connection) => {
                sqlx::query_as::<_, $row>($sql)$(.bind($value))*.$fetch(&mut **connection).await
            }
        };
        $tx.checked(result)
    }};
}

pub(super) use {execute, query};

impl Tx {
    pub(super) fn new(connection: Connection, access: Access, vault: Arc<Vault>) -> Self {
        Self { connection, access, vault, changes: Vec::new(), failed: false }
    }

    /// Remembers a change, to be told to the project's tabs when the transaction is committed.
    pub fn record(&mut self, project: &ProjectId, change: Change) {
        self.changes.push((project.clone(), change));
    }

    /// Commits. The answer is the events that tell of the recorded changes, numbered and stored with them.
    pub async fn commit(mut self, now: Timestamp) -> Result<Vec<Recorded>, StoreError> {
        let recorded = self.store_events(now).await?;
        self.check_usable()?;
        match self.connection {
            Connection::Sqlite(connection) => connection.commit().await?,
            Connection::Postgres(connection) => connection.commit().await?,
        }
        Ok(recorded)
    }

    pub(super) async fn ping(mut self) -> Result<(), StoreError> {
        query!(self, fetch_one, (i64,), "SELECT COUNT(*) FROM installation").map(|_| ())
    }

    /// Keeps other transactions from changing an entity until this one ends.
    ///
    /// Every read of an entity in a transaction that writes goes through here, so that what it writes back is never
    /// made from a state that somebody else has changed since. On SQLite the whole transaction has that already.
    pub(super) async fn hold(&mut self, entity: Entity<'_>) -> Result<(), StoreError> {
        self.check_usable()?;
        let result = match (self.access, &mut self.connection) {
            (Access::Read, _) | (Access::Write, Connection::Sqlite(_)) => Ok(()),
            (Access::Write, Connection::Postgres(connection)) => postgres::lock(connection, entity).await,
        };
        self.checked(result)
    }

    /// Refuses to go on after a failure.
    pub(super) fn check_usable(&self) -> Result<(), StoreError> {
        if self.failed { Err(StoreError::Failed) } else { Ok(()) }
    }

    /// Remembers a failure.
    pub(super) fn checked<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        self.failed |= result.is_err();
        Ok(result?)
    }
}

/// An error unless exactly the one row that was meant has been changed.
pub(super) fn expect_row(changed: u64, table: &'static str, row: impl std::fmt::Display) -> Result<(), StoreError> {
    if changed == 0 { Err(StoreError::Missing { table, row: row.to_string() }) } else { Ok(()) }
}
