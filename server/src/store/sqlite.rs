//! What only SQLite understands: how it is opened and migrated, and taking a job.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Sqlite, Transaction};

use super::transaction::Access;
use super::{StoreError, migrator};

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

/// SQLite has one writer at a time. One connection for all writers makes them wait in order, in this process, instead
/// of trying again and again at the file's lock.
#[derive(Debug, Clone)]
pub(super) struct SqlitePools {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqlitePools {
    /// Opens the file, makes it if it isn't there, and migrates it.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let _turn = turn_to_open(path).await?;
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY_TIMEOUT).foreign_keys(true);
        // With a write-ahead log, NORMAL survives the death of the process; a power cut may take the last commits,
        // never the file's consistency.
        let writing = options
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal);
        let writer = pool_options().max_connections(1).connect_with(writing).await?;
        migrate(&writer, &migrator(&MIGRATIONS)).await?;
        let reading = options.pragma("query_only", "ON");
        let readers = pool_options().max_connections(READERS).connect_with(reading).await?;
        Ok(Self { writer, readers })
    }

    /// Begins a transaction. A writer takes the file's lock at once: one that had to take it after a read could find
    /// that what it read has changed, and no waiting helps against that.
    pub(super) async fn begin(&self, access: Access) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        match access {
            Access::Read => self.readers.begin().await,
            Access::Write => self.writer.begin_with("BEGIN IMMEDIATE").await,
        }
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A connection to a file doesn't go stale, so none is tested before it is used, or replaced by age.
///
/// One whose transaction can't be ended is replaced: SQLite rolls back by itself after some failures, a full disk for
/// one, and then the driver believes for ever that the connection is still in a transaction.
fn pool_options() -> SqlitePoolOptions {
    SqlitePoolOptions::new().test_before_acquire(false).idle_timeout(None).max_lifetime(None).after_release(
        |connection, _| {
            Box::pin(async move {
                // An answer means that the rollback before it was tried.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        },
    )
}

/// Waits until nobody else opens a file of the same folder, for as long as the lock is kept.
///
/// Two that make the write-ahead log at the same time would be told that the file is locked, however long the busy
/// timeout is: SQLite waits for no lock that it takes after it has read. The folder is locked and not the file, because
/// closing any descriptor of the file takes SQLite's own locks away.
async fn turn_to_open(path: &Path) -> Result<File, StoreError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        Some(_) | None => PathBuf::from("."),
    };
    let opened = tokio::task::spawn_blocking(move || {
        let folder = File::open(folder)?;
        folder.lock()?;
        Ok::<_, std::io::Error>(folder)
    });
    let locked = opened.await.unwrap_or_else(|stopped| Err(std::io::Error::other(stopped)));
    locked.map_err(|error| StoreError::Unavailable(sqlx::Error::Io(error)))
}

/// All migrations, in order. One that was released is never changed.
const MIGRATIONS: [(&str, &str); 13] = [
    ("initial", include_str!("../../migrations/sqlite/0001_initial.sql")),
    ("lease ids", include_str!("../../migrations/sqlite/0002_lease_ids.sql")),
    ("agents", include_str!("../../migrations/sqlite/0003_agents.sql")),
    ("mcp servers", include_str!("../../migrations/sqlite/0004_mcp_servers.sql")),
    ("workspace limits", include_str!("../../migrations/sqlite/0005_workspace_limits.sql")),
    ("inputs", include_str!("../../migrations/sqlite/0006_inputs.sql")),
    ("credentials", include_str!("../../migrations/sqlite/0007_credentials.sql")),
    ("network", include_str!("../../migrations/sqlite/0008_network.sql")),
    ("session network", include_str!("../../migrations/sqlite/0009_session_network.sql")),
    ("forks", include_str!("../../migrations/sqlite/0010_forks.sql")),
    ("commit flows", include_str!("../../migrations/sqlite/0011_commit_flows.sql")),
    ("pull requests", include_str!("../../migrations/sqlite/0012_pull_requests.sql")),
    ("rewinds", include_str!("../../migrations/sqlite/0013_rewinds.sql")),
];

/// Migrates in one transaction that holds the file's lock: whatever happens, the schema is the old one or the new one,
/// and a second process waits.
async fn migrate(writer: &SqlitePool, migrator: &Migrator) -> Result<(), StoreError> {
    let mut transaction = writer.begin_with("BEGIN EXCLUSIVE").await?;
    // `run` does the same, but its future can't be sent between threads.
    migrator.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    Ok(())
}

/// Takes the job that is due for longest. The values are the owner, the end of its lease, and now.
pub(super) const TAKE_JOB: &str = "UPDATE jobs SET lease_owner = $1, lease = $2, leased_until = $3, attempts = attempts + 1 \
     WHERE (kind, subject) = (SELECT kind, subject FROM jobs \
         WHERE run_at <= $4 AND (leased_until IS NULL OR leased_until <= $4) \
         ORDER BY run_at, kind, subject LIMIT 1) \
     RETURNING kind, subject, generation, lease, attempts, run_at";

#[cfg(test)]
mod tests {
    use sqlx::migrate::MigrateError;

    use super::*;

    async fn in_folder(folder: &tempfile::TempDir) -> SqlitePools {
        SqlitePools::open(&folder.path().join("octobot.db")).await.unwrap()
    }

    #[tokio::test]
    async fn writing_goes_on_after_sqlite_has_rolled_back_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let pools = in_folder(&folder).await;
        // What SQLite does when the disk is full: the statement fails, and the transaction is gone.
        let mut transaction = pools.begin(Access::Write).await.unwrap();
        sqlx::raw_sql(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON leases BEGIN SELECT RAISE(ROLLBACK, 'disk is full'); END",
        )
        .execute(&mut *transaction)
        .await
        .unwrap();
        transaction.commit().await.unwrap();
        let insert = "INSERT INTO leases (name, owner, leased_until) VALUES ('x', x'00', 0)";
        let mut transaction = pools.begin(Access::Write).await.unwrap();
        sqlx::query(insert).execute(&mut *transaction).await.unwrap_err();
        drop(transaction);

        // The trigger was temporary, so a new connection doesn't have it.
        let mut transaction = pools.begin(Access::Write).await.unwrap();
        sqlx::query(insert).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_migration_that_fails_leaves_the_old_schema() {
        let folder = tempfile::tempdir().unwrap();
        let pools = in_folder(&folder).await;
        let mut migrations = MIGRATIONS.to_vec();
        migrations.push(("good", "CREATE TABLE second (id INTEGER)"));
        migrations.push(("broken", "CREATE TABLE third (id INTEGER); SELECT 1 FROM lost"));
        let failed = migrate(&pools.writer, &migrator(&migrations)).await;
        let last = i64::try_from(migrations.len()).unwrap();
        assert!(
            matches!(failed, Err(StoreError::Migration(MigrateError::ExecuteMigration(_, number))) if number == last),
            "{failed:?}"
        );

        let tables = "SELECT COUNT(*) FROM sqlite_schema WHERE name IN ('second', 'third')";
        let left: i64 = sqlx::query_scalar(tables).fetch_one(&pools.writer).await.unwrap();
        assert_eq!(left, 0);
        migrate(&pools.writer, &migrator(&MIGRATIONS)).await.unwrap();
    }
}
