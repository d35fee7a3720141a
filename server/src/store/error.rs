//! What can go wrong in the store, in terms that a service can act on.

use crate::vault::VaultError;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be reached, or didn't answer in time. Trying again later may help.
    #[error("the database can't be reached")]
    Unavailable(#[source] sqlx::Error),
    /// Another transaction was in the way for too long. Trying again may help.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    /// The disk that the database is on is full.
    #[error("the database's disk is full")]
    DiskFull(#[source] sqlx::Error),
    /// Something with this identity, key or number is there already.
    #[error("it is in the database already")]
    Duplicate(#[source] sqlx::Error),
    /// It refers to something that isn't there, or something still refers to it.
    #[error("it refers to what isn't in the database, or is still referred to")]
    Reference(#[source] sqlx::Error),
    /// The database refused a statement for another reason.
    #[error("the database refused a statement")]
    Database(#[source] sqlx::Error),
    /// The schema couldn't be brought up to date.
    #[error("the database couldn't be migrated")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// A stored value isn't one that this version knows.
    #[error("{table} {row} has a {column} that can't be read")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's identity.
        row: String,
    },
    /// What is to be changed isn't there.
    #[error("{table} has no {row}")]
    Missing {
        /// The table.
        table: &'static str,
        /// The row's identity.
        row: String,
    },
    /// A text has a NUL character, which one of the engines can't store, so that none does.
    #[error("a text for the column {column} of {table} has a NUL character")]
    Nul {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A number is greater than a column can hold.
    #[error("the number {0} is too great for the database")]
    NumberTooGreat(u64),
    /// A statement failed before, so that the transaction can only be rolled back.
    #[error("an earlier statement of the transaction failed")]
    Failed,
    /// A sealed value can't be opened, or a value not be sealed.
    #[error("{table} {row} can't be sealed or opened")]
    Sealed {
        /// The table.
        table: &'static str,
        /// The row's identity.
        row: String,
        /// Why.
        source: VaultError,
    },
    /// A value can't be written as JSON.
    #[error("a value can't be written as JSON")]
    Json(#[source] serde_json::Error),
}

impl StoreError {
    /// Whether nothing is wrong with what was asked, so that trying again later may help.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Busy(_) | Self::DiskFull(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(refusal) => {
                let (kind, code) = (refusal.kind(), refusal.code().map(std::borrow::Cow::into_owned));
                match (kind, code.as_deref().map(Code::of)) {
                    (sqlx::error::ErrorKind::UniqueViolation, _) => Self::Duplicate(error),
                    (sqlx::error::ErrorKind::ForeignKeyViolation, _) => Self::Reference(error),
                    (_, Some(Code::Busy)) => Self::Busy(error),
                    (_, Some(Code::DiskFull)) => Self::DiskFull(error),
                    (_, Some(Code::Unavailable)) => Self::Unavailable(error),
                    (_, Some(Code::Other) | None) => Self::Database(error),
                }
            }
            _ => Self::Database(error),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(error)
    }
}

/// What an engine's error code stands for, as far as a caller can do something about it.
enum Code {
    Busy,
    DiskFull,
    Unavailable,
    Other,
}

impl Code {
    /// SQLite's codes are numbers of one to four digits whose low byte is the primary code; PostgreSQL's have five
    /// characters, so the two don't overlap.
    fn of(code: &str) -> Self {
        match code {
            // deadlock_detected, serialization_failure, lock_not_available
            "40P01" | "40001" | "55P03" => return Self::Busy,
            // disk_full
            "53100" => return Self::DiskFull,
            // too_many_connections, admin_shutdown, crash_shutdown, cannot_connect_now
            "53300" | "57P01" | "57P02" | "57P03" => return Self::Unavailable,
            _ if code.len() == 5 => return Self::Other,
            _ => {}
        }
        match code.parse::<u16>().map(|extended| extended & 0xff) {
            // SQLITE_BUSY, SQLITE_LOCKED
            Ok(5 | 6) => Self::Busy,
            // SQLITE_FULL
            Ok(13) => Self::DiskFull,
            // SQLITE_IOERR, SQLITE_CANTOPEN
            Ok(10 | 14) => Self::Unavailable,
            Ok(_) | Err(_) => Self::Other,
        }
    }
}
