//! Sessions and what building them printed.

use octobot_server::domain::{File, Session, SessionGoal};
use octobot_server::store::StoreError;
use octobot_wire::Timestamp;
use octobot_wire::code::{CommitFlow, CommitFlowState};
use octobot_wire::message::{MessageRole, ToolCallStatus};
use octobot_wire::session::{Isolation, Network, SessionStage, SessionState};
use octobot_wire::setting::{AgentCommand, AgentState, Setting, SettingCategory, SettingChoice};
use octobot_wire::usage::{Context, Usage};

use crate::database::Database;
use crate::samples::{
    NOW, agent_id, begin, commit, id, local, message_id, part_id, session, session_id, tool_call, turn_id,
    with_project, with_session, with_turn, workspace, workspace_id,
};

pub async fn every_state_of_a_session_is_kept(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    assert_eq!(tx.session(&local(), session_id(1)).await.unwrap(), Some(session(1)));
    assert_eq!(tx.session(&"other".parse().unwrap(), session_id(1)).await.unwrap(), None);

    let failed = |stage| SessionState::Error { stage, reason: "No disk:\n\"full\".".to_owned() };
    let states = [
        SessionState::Initializing,
        SessionState::Cloning,
        SessionState::PullingImage,
        SessionState::CreatingSandbox,
        SessionState::Ready,
        SessionState::Running,
        SessionState::Stopped,
        failed(SessionStage::Initializing),
        failed(SessionStage::Cloning),
        failed(SessionStage::PullingImage),
        failed(SessionStage::CreatingSandbox),
        failed(SessionStage::Running),
        failed(SessionStage::Removing),
        SessionState::Removing,
    ];
    let goals = [SessionGoal::Up, SessionGoal::Stopped, SessionGoal::Removed];
    for ((number, state), goal) in (1..).zip(states).zip(goals.into_iter().cycle()) {
        let changed = Session {
            name: Some(format!("Name {number}")),
            display_name: (number % 2 == 0).then(|| "Mine".to_owned()),
            state,
            goal,
            isolation: (number % 2 == 1).then(|| Isolation {
                provider: "local".to_owned(),
                isolated: true,
                network: Network::Host,
                missing_limits: vec!["Memory isn't limited.".to_owned()],
            }),
            commit_flow: (number % 3 == 0).then(|| CommitFlow {
                state: CommitFlowState::Failed,
                turn_id: turn_id(7),
                reason: Some("1 file is left.".to_owned()),
            }),
            updated_at: Timestamp(NOW.0 + number),
            ..session(1)
        };
        tx.update_session(&changed).await.unwrap();
        assert_eq!(tx.session_by_id(session_id(1)).await.unwrap(), Some(changed));
    }
}

pub async fn sessions_are_listed_by_their_last_change(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    for (number, age) in [(2, 20), (3, 10)] {
        let session = Session { updated_at: Timestamp(NOW.0 - age), ..session(number) };
        tx.insert_session(&session, None).await.unwrap();
    }
    let ids = |sessions: Vec<Session>| sessions.into_iter().map(|session| session.id).collect::<Vec<_>>();
    assert_eq!(ids(tx.sessions(&local()).await.unwrap()), [1, 3, 2].map(session_id));
    assert_eq!(ids(tx.all_sessions().await.unwrap()), [1, 2, 3].map(session_id));
    assert_eq!(ids(tx.sessions_in_workspace(workspace_id(1)).await.unwrap()), [1, 2, 3].map(session_id));
    assert_eq!(ids(tx.sessions_in_workspace(workspace_id(2)).await.unwrap()), []);
}

pub async fn an_idempotency_key_is_used_once_in_a_project(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    tx.insert_session(&session(2), Some(id(77))).await.unwrap();
    assert_eq!(tx.session_by_key(&local(), id(77)).await.unwrap(), Some(session(2)));
    assert_eq!(tx.session_by_key(&local(), id(78)).await.unwrap(), None);
    let refused = tx.insert_session(&session(3), Some(id(77))).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
}

pub async fn the_daemons_events_advance_once(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    assert!(tx.advance_daemon_events(session_id(1), 0, 5).await.unwrap());
    assert!(!tx.advance_daemon_events(session_id(1), 0, 5).await.unwrap(), "somebody else was quicker");
    assert!(tx.advance_daemon_events(session_id(1), 5, 6).await.unwrap());
    assert_eq!(tx.session_by_id(session_id(1)).await.unwrap().unwrap().daemon_events, 6);
}

pub async fn an_update_does_not_touch_the_daemons_events(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    assert!(tx.advance_daemon_events(session_id(1), 0, 5).await.unwrap());
    tx.update_session(&session(1)).await.unwrap();
    assert_eq!(tx.session_by_id(session_id(1)).await.unwrap().unwrap().daemon_events, 5);
}

pub async fn the_log_is_numbered_and_its_end_is_read(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    let mut lines = Vec::new();
    for text in ["one", "", "three"] {
        lines.push(tx.append_session_log(session_id(1), SessionStage::Cloning, text, NOW).await.unwrap());
    }
    assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(tx.session_log(session_id(1), 10).await.unwrap(), lines);
    assert_eq!(tx.session_log(session_id(1), 2).await.unwrap(), lines[1..]);
    let missing = tx.append_session_log(session_id(9), SessionStage::Cloning, "lost", NOW).await;
    assert!(matches!(missing, Err(StoreError::Missing { table: "sessions", .. })), "{missing:?}");
}

pub async fn what_an_agent_tells_is_kept(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    assert_eq!(tx.agent_state(session_id(1)).await.unwrap(), AgentState::default());
    let state = AgentState {
        settings: vec![Setting {
            id: "model".to_owned(),
            name: "Modèle".to_owned(),
            description: "\0".to_owned(),
            category: SettingCategory::Model,
            current: "small".to_owned(),
            choices: vec![SettingChoice {
                value: "small".to_owned(),
                name: "Small".to_owned(),
                description: String::new(),
            }],
        }],
        commands: vec![AgentCommand { name: "init".to_owned(), description: String::new(), hint: "[dir]".to_owned() }],
        context: Some(Context { used: 1, size: u64::MAX }),
        usage: Usage { cost_micros: 7, ..Usage::default() },
    };
    tx.update_agent_state(session_id(1), &state).await.unwrap();
    // What is changed about the session itself doesn't touch it.
    tx.update_session(&session(1)).await.unwrap();
    assert_eq!(tx.agent_state(session_id(1)).await.unwrap(), state);
    let missing = tx.update_agent_state(session_id(9), &state).await;
    assert!(matches!(missing, Err(StoreError::Missing { table: "sessions", .. })), "{missing:?}");
}

pub async fn deleting_a_session_leaves_nothing_of_it(database: &Database) {
    let store = &database.store;
    with_session(store).await;
    with_turn(store, 1, "ls").await;
    let mut tx = begin(store).await;
    tx.append_session_log(session_id(1), SessionStage::Cloning, "cloned", NOW).await.unwrap();
    tx.insert_message(message_id(1), session_id(1), turn_id(1), MessageRole::Agent, NOW).await.unwrap();
    tx.insert_part(message_id(1), part_id(1), Some(0), &tool_call(ToolCallStatus::Running)).await.unwrap();
    tx.append_chunk(part_id(1), "a\n").await.unwrap();
    let file = File { id: id(1), name: "a".to_owned(), media_type: "image/png".to_owned(), bytes: 1 };
    tx.insert_file(part_id(1), &file, b"x").await.unwrap();
    commit(tx).await;
    let rows = "SELECT (SELECT COUNT(*) FROM sessions) + (SELECT COUNT(*) FROM session_log) \
                + (SELECT COUNT(*) FROM turns) + (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM parts) \
                + (SELECT COUNT(*) FROM part_chunks) + (SELECT COUNT(*) FROM files)";
    assert_eq!(database.count(rows).await, 7);

    let mut tx = begin(store).await;
    tx.delete_session(session_id(1)).await.unwrap();
    commit(tx).await;
    assert_eq!(database.count(rows).await, 0);
}

pub async fn a_session_needs_its_workspace_and_agent(database: &Database) {
    with_project(&database.store).await;
    let mut tx = begin(&database.store).await;
    tx.insert_workspace(&workspace(1)).await.unwrap();
    commit(tx).await;
    for lost in
        [Session { workspace_id: workspace_id(9), ..session(1) }, Session { agent_id: agent_id(9), ..session(1) }]
    {
        let mut tx = begin(&database.store).await;
        let refused = tx.insert_session(&lost, None).await;
        assert!(matches!(refused, Err(StoreError::Reference(_))), "{refused:?}");
    }
}
