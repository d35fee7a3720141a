//! Databases of earlier versions.

use octobot_server::domain::{PartContent, ToolCall};
use octobot_server::store::{DatabaseUrl, Store};
use octobot_server::vault::{Key, Vault};
use octobot_wire::agent::AgentOptions;
use octobot_wire::message::{Output, ToolCallStatus};
use octobot_wire::setting::AgentState;
use octobot_wire::tool::ToolKind;
use octobot_wire::turn::TurnState;
use octobot_wire::usage::Usage;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqlSafeStr as _, SqliteConnection};

use crate::database::Database;
use crate::samples::{agent_id, part_id, session_id, turn_id};

const SQLITE: [&str; 2] = [
    include_str!("../../migrations/sqlite/0001_initial.sql"),
    include_str!("../../migrations/sqlite/0002_lease_ids.sql"),
];

const POSTGRES: [&str; 2] = [
    include_str!("../../migrations/postgres/0001_initial.sql"),
    include_str!("../../migrations/postgres/0002_lease_ids.sql"),
];

/// A transcript as the version before agents had it. `@n` stands for the id with the number n.
const ROWS: &str = "
    INSERT INTO users (id, name, created_at) VALUES (@1, 'someone', 1);
    INSERT INTO projects (id, name, created_at) VALUES ('local', 'Local', 1);
    INSERT INTO agents (id, project_id, name, agent_type, is_default, setup_script, created_at, updated_at)
        VALUES (@1, 'local', 'Shell', 'shell', TRUE, 'make', 1, 1);
    INSERT INTO workspaces (id, project_id, name, source_kind, source_location, goal, state, dirty, created_at, updated_at)
        VALUES (@1, 'local', 'W', 'folder', '/src', 'ready', 'ready', FALSE, 1, 1);
    INSERT INTO sessions (id, project_id, workspace_id, agent_id, state, goal, daemon_events, turn_number,
                          message_number, created_at, updated_at)
        VALUES (@1, 'local', @1, @1, 'stopped', 'stopped', 9, 1, 2, 1, 1);
    INSERT INTO turns (id, session_id, number, prompt, state, cancel_requested, created_at)
        VALUES (@1, @1, 1, 'ls', 'completed', FALSE, 1);
    INSERT INTO messages (id, session_id, turn_id, number, role, created_at)
        VALUES (@1, @1, @1, 1, 'user', 1), (@2, @1, @1, 2, 'agent', 1);
    INSERT INTO parts (id, message_id, position, kind, text) VALUES (@1, @1, 0, 'text', 'ls');
    INSERT INTO parts (id, message_id, position, kind, call, title, input, status, status_detail, output_tail)
        VALUES (@2, @2, 0, 'tool_call', 0, 'ls', 'ls -l', 'exited', '{\"exit_code\":0,\"duration_ms\":5}',
                '{\"totalLines\":1,\"firstLine\":0,\"lines\":[\"a\"]}');
    INSERT INTO parts (id, message_id, position, kind, text) VALUES (@3, @2, 1, 'error', 'broke');
    INSERT INTO output_chunks (part_id, number, text) VALUES (@2, 1, 'a'), (@2, 2, 'b');
";

pub async fn a_transcript_from_before_agents_is_kept(database: &Database) {
    let url = database.empty().await;
    fill(&url).await;
    let store = Store::open(&url, Vault::new(Key::from_bytes([7; 32]))).await.unwrap();
    let mut tx = store.read().await.unwrap();
    let agent = tx.agent_by_id(agent_id(1)).await.unwrap().unwrap();
    assert_eq!((agent.setup_script.as_str(), agent.options), ("make", AgentOptions::default()));
    let turn = tx.turn(session_id(1), turn_id(1)).await.unwrap().unwrap();
    assert_eq!((turn.state, turn.usage), (TurnState::Completed, Usage::default()));
    assert_eq!(tx.agent_state(session_id(1)).await.unwrap(), AgentState::default());

    let messages = tx.messages(session_id(1), None, 10).await.unwrap();
    let call = ToolCall {
        tool: ToolKind::Execute,
        title: "ls".to_owned(),
        input: "ls -l".to_owned(),
        status: ToolCallStatus::Exited { exit_code: 0, duration_ms: 5 },
        content: Vec::new(),
        locations: Vec::new(),
        tail: Some(Output { total_lines: 1, first_line: 0, lines: vec!["a".to_owned()] }),
    };
    let contents: Vec<_> = messages.iter().flat_map(|message| &message.parts).map(|part| &part.content).collect();
    let expected = [
        &PartContent::Text { text: "ls".to_owned() },
        &PartContent::ToolCall(Box::new(call)),
        &PartContent::Error { text: "broke".to_owned(), credential: None },
    ];
    assert_eq!(contents, expected);
    let (_, found) = tx.part(turn_id(1), 0).await.unwrap().unwrap();
    assert_eq!((found.id, found.number), (part_id(2), Some(0)));
    assert_eq!(tx.chunks(part_id(2)).await.unwrap(), "ab");
    drop(tx);

    // The references still hold.
    let mut tx = store.begin().await.unwrap();
    tx.delete_session(session_id(1)).await.unwrap();
    assert_eq!(tx.chunks(part_id(2)).await.unwrap(), "");
    drop(tx);
    store.close().await;
}

/// Makes the old schema with its rows.
async fn fill(url: &DatabaseUrl) {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            old(SQLITE).run_direct(None, &mut connection, false).await.unwrap();
            let rows = with_ids(|number| format!("x'{number:032x}'"));
            sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        DatabaseUrl::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            old(POSTGRES).run_direct(None, &mut connection, false).await.unwrap();
            let rows = with_ids(|number| format!("'00000000-0000-0000-0000-{number:012x}'"));
            sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

fn old(migrations: [&'static str; 2]) -> Migrator {
    let numbered = (1..)
        .zip(migrations)
        .map(|(number, sql)| Migration::new(number, "old".into(), MigrationType::Simple, sql.into_sql_str(), false));
    Migrator::with_migrations(numbered.collect())
}

fn with_ids(id: impl Fn(u8) -> String) -> String {
    (1..=3).fold(ROWS.to_owned(), |rows, number| rows.replace(&format!("@{number}"), &id(number)))
}
