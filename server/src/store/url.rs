//! Where the database is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file, `sqlite:PATH`.
    Sqlite(PathBuf),
    /// A PostgreSQL database, `postgres://…`. The URL may hold a password.
    Postgres(String),
}

/// Text that isn't the URL of a database. The text itself isn't repeated, because it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    /// Neither SQLite nor PostgreSQL.
    #[error("a database URL begins with sqlite: or postgres://")]
    Scheme,
    /// SQLite without a file.
    #[error("a SQLite URL names a file, for instance sqlite:/var/lib/octobot/octobot.db")]
    NoFile,
    /// PostgreSQL, but not well-formed.
    #[error("a PostgreSQL URL has the form postgres://user:password@host:port/database")]
    Postgres,
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            // Several connections share the database, so it can't be in memory.
            let named = !path.is_empty() && path != ":memory:";
            return if named { Ok(Self::Sqlite(path.into())) } else { Err(InvalidDatabaseUrl::NoFile) };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            text.parse::<PgConnectOptions>().map_err(|_| InvalidDatabaseUrl::Postgres)?;
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(InvalidDatabaseUrl::Scheme)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(url) => match url.parse::<PgConnectOptions>() {
                Ok(options) => f
                    .debug_struct("Postgres")
                    .field("host", &options.get_host())
                    .field("port", &options.get_port())
                    .field("database", &options.get_database())
                    .finish_non_exhaustive(),
                Err(_) => f.debug_struct("Postgres").finish_non_exhaustive(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_says_which_engine() {
        assert_eq!("sqlite:data/o.db".parse(), Ok(DatabaseUrl::Sqlite("data/o.db".into())));
        assert_eq!("sqlite:///var/o.db".parse(), Ok(DatabaseUrl::Sqlite("/var/o.db".into())));
        let url = "postgres://me:secret@localhost:5433/octobot";
        assert_eq!(url.parse(), Ok(DatabaseUrl::Postgres(url.to_owned())));
    }

    #[test]
    fn what_is_no_database_is_refused() {
        assert_eq!("mysql://x".parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl::Scheme));
        assert_eq!("sqlite:".parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl::NoFile));
        assert_eq!("sqlite::memory:".parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl::NoFile));
        assert_eq!("postgres://h:port/x".parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl::Postgres));
    }

    #[test]
    fn a_password_is_not_printed() {
        let url: DatabaseUrl = "postgres://me:secret@db.example:5433/octobot".parse().unwrap();
        let printed = format!("{url:?}");
        assert!(printed.contains("db.example") && printed.contains("octobot"), "{printed}");
        assert!(!printed.contains("secret"), "{printed}");
    }
}
