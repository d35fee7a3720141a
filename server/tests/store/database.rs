//! A database of a test's own, on either engine.

use std::path::PathBuf;

use octobot_server::store::{DatabaseUrl, Store};
use octobot_server::vault::{Key, Vault};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// A database of a test's own, with an open store on it.
pub struct Database {
    pub store: Store,
    url: DatabaseUrl,
    place: Place,
}

enum Place {
    Folder(TempDir),
    Server { admin_url: String, name: String },
}

impl Database {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("octobot.db"));
        Self { store: open(&url).await, url, place: Place::Folder(folder) }
    }

    /// None, after saying so, where no server was named.
    pub async fn postgres() -> Option<Self> {
        let Ok(admin_url) = std::env::var("OCTOBOT_TEST_POSTGRES_URL") else {
            let strict = std::env::var_os("OCTOBOT_TEST_STRICT").is_some_and(|strict| strict == "1");
            assert!(!strict, "OCTOBOT_TEST_POSTGRES_URL isn't set");
            eprintln!("SKIPPED: the store on PostgreSQL: OCTOBOT_TEST_POSTGRES_URL isn't set");
            return None;
        };
        let name = format!("octobot_test_{}", Uuid::from_u128(rand::random()).simple());
        execute_on_server(&admin_url, format!("CREATE DATABASE {name}")).await;
        let url = DatabaseUrl::Postgres(with_database(&admin_url, &name));
        Some(Self { store: open(&url).await, url, place: Place::Server { admin_url, name } })
    }

    /// Another store on the same database, as another replica has it.
    pub async fn replica(&self) -> Store {
        open(&self.url).await
    }

    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// An empty database: on SQLite another one, on PostgreSQL this one without all that was in it.
    pub async fn empty(&self) -> DatabaseUrl {
        match &self.place {
            Place::Folder(folder) => DatabaseUrl::Sqlite(folder.path().join("empty.db")),
            Place::Server { .. } => {
                self.tamper("DROP SCHEMA public CASCADE").await;
                self.tamper("CREATE SCHEMA public").await;
                self.url.clone()
            }
        }
    }

    /// Runs a statement behind the store's back.
    pub async fn tamper(&self, sql: &'static str) {
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
                // A CHECK would refuse what an older or newer version may well have stored.
                sqlx::query("PRAGMA ignore_check_constraints = ON").execute(&mut connection).await.unwrap();
                sqlx::query(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            DatabaseUrl::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// A count that a query gives, behind the store's back.
    pub async fn count(&self, sql: &'static str) -> i64 {
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
            DatabaseUrl::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    /// The files that SQLite keeps the database in; none on a server.
    pub fn files(&self) -> Vec<PathBuf> {
        match &self.place {
            Place::Folder(folder) => {
                std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
            }
            Place::Server { .. } => Vec::new(),
        }
    }

    /// Closes the store and leaves nothing behind.
    pub async fn remove(self) {
        self.store.close().await;
        match self.place {
            Place::Folder(folder) => folder.close().unwrap(),
            Place::Server { admin_url, name } => {
                execute_on_server(&admin_url, format!("DROP DATABASE {name} WITH (FORCE)")).await;
            }
        }
    }
}

async fn open(url: &DatabaseUrl) -> Store {
    Store::open(url, Vault::new(Key::from_bytes([7; 32]))).await.unwrap()
}

async fn execute_on_server(admin_url: &str, sql: String) {
    let mut connection = PgConnection::connect(admin_url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The URL of another database on the same server.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let authority = base.find("://").map_or(0, |at| at + 3);
    let server = base[authority..].find('/').map_or(base, |at| &base[..authority + at]);
    query.map_or_else(|| format!("{server}/{name}"), |query| format!("{server}/{name}?{query}"))
}
