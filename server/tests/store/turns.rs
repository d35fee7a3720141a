//! Turns and their prompts.

use octobot_server::domain::Turn;
use octobot_server::store::StoreError;
use octobot_wire::Timestamp;
use octobot_wire::turn::TurnState;
use octobot_wire::usage::Usage;

use crate::database::Database;
use crate::samples::{NOW, begin, commit, id, session, session_id, turn_id, with_session, with_turn};

const PROMPT: &str = "the launch code is 00000000";

pub async fn turns_are_numbered_and_numbers_are_not_reused(database: &Database) {
    let store = &database.store;
    with_session(store).await;
    assert_eq!(with_turn(store, 1, "one").await.number, 1);
    assert_eq!(with_turn(store, 2, "two").await.number, 2);
    let mut tx = begin(store).await;
    tx.delete_turn(turn_id(2)).await.unwrap();
    commit(tx).await;
    assert_eq!(with_turn(store, 3, "three").await.number, 3);
    let mut tx = begin(store).await;
    assert_eq!(tx.turn_count(session_id(1)).await.unwrap(), 2);
    let missing = tx.insert_turn(turn_id(4), session_id(9), "lost", None, NOW).await;
    assert!(matches!(missing, Err(StoreError::Missing { table: "sessions", .. })), "{missing:?}");
}

pub async fn every_state_of_a_turn_is_kept(database: &Database) {
    with_session(&database.store).await;
    let queued = with_turn(&database.store, 1, PROMPT).await;
    let mut tx = begin(&database.store).await;
    assert_eq!(tx.turn(session_id(1), turn_id(1)).await.unwrap(), Some(queued.clone()));
    assert_eq!(tx.turn(session_id(2), turn_id(1)).await.unwrap(), None);
    let states = [
        TurnState::Queued,
        TurnState::Delivered,
        TurnState::Running,
        TurnState::Waiting,
        TurnState::Completed,
        TurnState::Cancelled,
        TurnState::Failed { reason: "Exit\n\"1\"".to_owned() },
        TurnState::Interrupted,
        TurnState::Queued,
    ];
    for (number, state) in (1..).zip(states) {
        let changed = Turn {
            prompt: format!("Prompt {number} 🐙"),
            state,
            cancel_requested: number % 2 == 0,
            started_at: (number % 3 == 0).then_some(Timestamp(NOW.0 + number)),
            ended_at: (number % 3 == 1).then_some(Timestamp(NOW.0 + number)),
            ..queued.clone()
        };
        tx.update_turn(&changed).await.unwrap();
        assert_eq!(tx.turn(session_id(1), turn_id(1)).await.unwrap(), Some(changed));
    }
}

pub async fn an_idempotency_key_is_used_once_in_a_session(database: &Database) {
    with_session(&database.store).await;
    let mut tx = begin(&database.store).await;
    tx.insert_session(&session(2), None).await.unwrap();
    let first = tx.insert_turn(turn_id(1), session_id(1), "one", Some(id(77)), NOW).await.unwrap();
    tx.insert_turn(turn_id(2), session_id(2), "another session", Some(id(77)), NOW).await.unwrap();
    assert_eq!(tx.turn_by_key(session_id(1), id(77)).await.unwrap(), Some(first));
    assert_eq!(tx.turn_by_key(session_id(1), id(78)).await.unwrap(), None);
    let refused = tx.insert_turn(turn_id(3), session_id(1), "again", Some(id(77)), NOW).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
}

pub async fn open_queued_and_active_turns_are_told_apart(database: &Database) {
    let store = &database.store;
    with_session(store).await;
    let ended = Turn { state: TurnState::Completed, ..with_turn(store, 1, "one").await };
    let running = Turn { state: TurnState::Running, ..with_turn(store, 2, "two").await };
    let (third, fourth) = (with_turn(store, 3, "three").await, with_turn(store, 4, "four").await);
    let mut tx = begin(store).await;
    assert_eq!(tx.active_turn(session_id(1)).await.unwrap(), None);
    tx.update_turn(&ended).await.unwrap();
    tx.update_turn(&running).await.unwrap();
    assert_eq!(tx.active_turn(session_id(1)).await.unwrap(), Some(running.clone()));
    assert_eq!(tx.next_queued(session_id(1)).await.unwrap(), Some(third.clone()));
    assert_eq!(tx.open_turns(session_id(1)).await.unwrap(), [running, third, fourth]);
}

pub async fn a_turn_with_a_smaller_place_runs_before_those_that_were_queued_earlier(database: &Database) {
    let store = &database.store;
    with_session(store).await;
    let running = Turn { state: TurnState::Running, ..with_turn(store, 1, "one").await };
    let (second, third) = (with_turn(store, 2, "two").await, with_turn(store, 3, "three").await);
    assert_eq!((second.place, third.place), (2, 3));
    let third = Turn { place: -4, ..third };
    let fourth = Turn { place: -4, ..with_turn(store, 4, "four").await };
    let mut tx = begin(store).await;
    for turn in [&running, &third, &fourth] {
        tx.update_turn(turn).await.unwrap();
    }
    assert_eq!(tx.next_queued(session_id(1)).await.unwrap(), Some(third.clone()));
    assert_eq!(tx.open_turns(session_id(1)).await.unwrap(), [running, third, fourth, second]);
}

pub async fn a_queued_prompt_is_sealed_and_a_delivered_one_is_not(database: &Database) {
    let store = &database.store;
    with_session(store).await;
    let turn = with_turn(store, 1, PROMPT).await;
    let plain = "SELECT COUNT(*) FROM turns WHERE prompt IS NOT NULL";
    assert_eq!(database.count(plain).await, 0);
    assert!(!in_files(database, PROMPT), "a queued prompt stands in the file in plain text");

    let mut tx = begin(store).await;
    tx.update_turn(&turn.delivered()).await.unwrap();
    commit(tx).await;
    assert_eq!(database.count(plain).await, 1);
    assert_eq!(database.count("SELECT COUNT(*) FROM turns WHERE sealed_prompt IS NOT NULL").await, 0);
    // Shows that the search above could have found it.
    assert!(database.files().is_empty() || in_files(database, PROMPT));
}

/// Whether a text stands in one of the database's files as it is.
pub fn in_files(database: &Database, text: &str) -> bool {
    database.files().iter().any(|file| {
        let bytes = std::fs::read(file).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

pub async fn a_sealed_prompt_cannot_be_moved_to_another_turn(database: &Database) {
    let store = &database.store;
    with_session(store).await;
    with_turn(store, 1, PROMPT).await;
    with_turn(store, 2, "harmless").await;
    database
        .tamper("UPDATE turns SET sealed_prompt = (SELECT sealed_prompt FROM turns WHERE number = 1) WHERE number = 2")
        .await;
    let mut tx = store.read().await.unwrap();
    let refused = tx.turn(session_id(1), turn_id(2)).await;
    assert!(matches!(refused, Err(StoreError::Sealed { table: "turns", .. })), "{refused:?}");
}

pub async fn prompts_queued_at_the_same_time_get_numbers_of_their_own(database: &Database) {
    with_session(&database.store).await;
    let writers = (1..=20).map(|number| {
        let store = database.store.clone();
        tokio::spawn(async move { with_turn(&store, number, "go").await.number })
    });
    let mut numbers = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        numbers.push(writer.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
}

pub async fn what_a_turn_costs_is_kept(database: &Database) {
    with_session(&database.store).await;
    let turn = with_turn(&database.store, 1, "go").await;
    let usage =
        Usage { input_tokens: 1, output_tokens: 2, cache_read_tokens: 3, cache_write_tokens: 4, cost_micros: 5 };
    let turn = Turn { state: TurnState::Completed, usage, ..turn };
    let mut tx = begin(&database.store).await;
    tx.update_turn(&turn).await.unwrap();
    assert_eq!(tx.turn(session_id(1), turn_id(1)).await.unwrap(), Some(turn));
}
