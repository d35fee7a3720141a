//! What the store promises whatever the entity: no value misread, no change lost, one schema.

use octobot_server::domain::{Agent, Session, Turn};
use octobot_server::store::{Store, StoreError};
use octobot_server::vault::{Key, Vault};
use octobot_wire::session::SessionStage;
use octobot_wire::turn::TurnState;

use crate::database::Database;
use crate::samples::{
    NOW, agent, agent_id, begin, commit, local, session, session_id, turn_id, with_project, with_session, with_turn,
    workspace, workspace_id,
};

pub async fn unknown_text_in_a_column_is_an_error(database: &Database) {
    with_session(&database.store).await;
    // A CHECK of PostgreSQL can't be switched off for a statement.
    if database.store.engine() == octobot_server::store::Engine::Postgres {
        database.tamper("ALTER TABLE sessions DROP CONSTRAINT sessions_state_check").await;
    }
    database.tamper("UPDATE agents SET agent_type = 'oracle'").await;
    database.tamper("UPDATE sessions SET state = 'dreaming'").await;
    database.tamper("UPDATE workspaces SET state = 'error', state_detail = '{\"reason\":'").await;
    let mut tx = database.store.read().await.unwrap();

    let row = agent_id(1).to_string();
    match tx.agent_by_id(agent_id(1)).await {
        Err(StoreError::Corrupt { table: "agents", column: "agent_type", row: named }) => assert_eq!(named, row),
        other => panic!("{other:?}"),
    }
    let session = tx.sessions(&local()).await;
    assert!(matches!(session, Err(StoreError::Corrupt { table: "sessions", column: "state", .. })), "{session:?}");
    let workspace = tx.workspace_by_id(workspace_id(1)).await;
    assert!(
        matches!(workspace, Err(StoreError::Corrupt { table: "workspaces", column: "state_detail", .. })),
        "{workspace:?}"
    );
}

pub async fn a_nul_character_is_refused(database: &Database) {
    with_session(&database.store).await;
    let turn = with_turn(&database.store, 1, "go").await;
    let mut tx = begin(&database.store).await;
    let prompt = tx.insert_turn(turn_id(2), session_id(1), "a\0b", None, NOW).await;
    assert!(matches!(prompt, Err(StoreError::Nul { table: "turns", column: "prompt" })), "{prompt:?}");
    let line = tx.append_session_log(session_id(1), SessionStage::Cloning, "a\0b", NOW).await;
    assert!(matches!(line, Err(StoreError::Nul { table: "session_log", column: "text" })), "{line:?}");
    let name = tx.insert_agent(&Agent { name: "\0".to_owned(), ..agent(2) }).await;
    assert!(matches!(name, Err(StoreError::Nul { table: "agents", column: "name" })), "{name:?}");
    // In the details of a state it does no harm: JSON writes it as an escape.
    let failed = Turn { state: TurnState::Failed { reason: "a\0b".to_owned() }, ..turn };
    tx.update_turn(&failed).await.unwrap();
    assert_eq!(tx.turn(session_id(1), turn_id(1)).await.unwrap(), Some(failed));
}

pub async fn a_number_that_does_not_fit_is_refused(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    let refused = tx.advance_daemon_events(session_id(1), 0, u64::MAX).await;
    assert!(matches!(refused, Err(StoreError::NumberTooGreat(u64::MAX))), "{refused:?}");
}

pub async fn updating_what_is_gone_is_an_error(database: &Database) {
    with_project(&database.store).await;
    let mut tx = begin(&database.store).await;
    let workspace = tx.update_workspace(&workspace(9)).await;
    assert!(matches!(workspace, Err(StoreError::Missing { table: "workspaces", .. })), "{workspace:?}");
    let session = tx.update_session(&session(9)).await;
    assert!(matches!(session, Err(StoreError::Missing { table: "sessions", .. })), "{session:?}");
    let agent = tx.update_agent(&agent(9)).await;
    assert!(matches!(agent, Err(StoreError::Missing { table: "agents", .. })), "{agent:?}");
    tx.delete_session(session_id(9)).await.unwrap();
}

pub async fn a_read_only_transaction_cannot_write(database: &Database) {
    with_project(&database.store).await;
    let mut tx = database.store.read().await.unwrap();
    tx.insert_workspace(&workspace(1)).await.unwrap_err();
}

pub async fn a_reader_sees_one_state(database: &Database) {
    let store = &database.store;
    with_project(store).await;
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.workspaces(&local()).await.unwrap(), []);
    let mut writer = begin(store).await;
    writer.insert_workspace(&workspace(1)).await.unwrap();
    commit(writer).await;
    assert_eq!(reader.workspaces(&local()).await.unwrap(), []);
    drop(reader);
    assert_eq!(store.read().await.unwrap().workspaces(&local()).await.unwrap(), [workspace(1)]);
}

pub async fn a_failed_transaction_cannot_be_committed(database: &Database) {
    let store = &database.store;
    with_project(store).await;
    let mut tx = begin(store).await;
    tx.insert_workspace(&workspace(1)).await.unwrap();
    let again = tx.insert_workspace(&workspace(1)).await;
    assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
    assert!(matches!(tx.workspaces(&local()).await, Err(StoreError::Failed)));
    assert!(matches!(tx.commit(NOW).await, Err(StoreError::Failed)));
    assert_eq!(store.read().await.unwrap().workspaces(&local()).await.unwrap(), []);
}

pub async fn what_was_read_is_not_changed_by_others(database: &Database) {
    with_session(&database.store).await;
    // Each reads a session, changes it and writes it back as a whole, on a replica of its own.
    let mut writers = Vec::new();
    for _ in 0..2 {
        let store = database.replica().await;
        for _ in 0..10 {
            let store = store.clone();
            writers.push(tokio::spawn(async move {
                let mut tx = begin(&store).await;
                let session = tx.session(&local(), session_id(1)).await.unwrap().unwrap();
                let name = format!("{}x", session.name.as_deref().unwrap_or_default());
                tx.update_session(&Session { name: Some(name), ..session }).await.unwrap();
                commit(tx).await;
            }));
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let session = database.store.read().await.unwrap().session_by_id(session_id(1)).await.unwrap().unwrap();
    assert_eq!(session.name.as_deref(), Some("x".repeat(20).as_str()), "a change was lost");
}

pub async fn opening_again_migrates_nothing(database: &Database) {
    let migrations = "SELECT COUNT(*) FROM _sqlx_migrations";
    with_session(&database.store).await;
    let before = database.count(migrations).await;
    let again = database.replica().await;
    again.ping().await.unwrap();
    assert_eq!(again.read().await.unwrap().sessions(&local()).await.unwrap(), [session(1)]);
    assert_eq!(database.count(migrations).await, before);
    again.close().await;
    assert!(matches!(again.ping().await, Err(StoreError::Unavailable(_))));
}

pub async fn replicas_that_start_together_migrate_once(database: &Database) {
    let empty = database.empty().await;
    let starts = (0..4).map(|_| {
        let url = empty.clone();
        tokio::spawn(async move { Store::open(&url, Vault::new(Key::from_bytes([7; 32]))).await.unwrap() })
    });
    for start in starts.collect::<Vec<_>>() {
        let store = start.await.unwrap();
        store.ping().await.unwrap();
        store.close().await;
    }
}

pub async fn a_newer_schema_is_refused(database: &Database) {
    database.tamper("UPDATE _sqlx_migrations SET version = 999 WHERE version = 1").await;
    let refused = Store::open(database.url(), Vault::new(Key::from_bytes([7; 32]))).await;
    assert!(matches!(refused, Err(StoreError::Migration(_))), "an older program must not write to a newer schema");
}
