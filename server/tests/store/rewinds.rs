//! Rewinding conversations.

use octobot_server::domain::PartContent;
use octobot_server::store::{Store, Tx};
use octobot_wire::message::MessageRole;
use octobot_wire::turn::TurnState;

use crate::database::Database;
use crate::samples::{NOW, begin, commit, message_id, part_id, session, session_id, turn_id, with_session};

/// Runs turn `number` of session 1, which leaves messages `2 * number - 1` and `2 * number`.
async fn run_turn(tx: &mut Tx, number: u128) {
    let turn = tx.insert_turn(turn_id(number), session_id(1), "go", None, NOW).await.unwrap();
    let turn = turn.delivered().started(NOW).unwrap().ended(TurnState::Completed, NOW).unwrap();
    tx.update_turn(&turn).await.unwrap();
    for (message, role) in [(2 * number - 1, MessageRole::User), (2 * number, MessageRole::Agent)] {
        tx.insert_message(message_id(message), session_id(1), turn_id(number), role, NOW).await.unwrap();
        let content = PartContent::Text { text: format!("said {message}") };
        tx.insert_part(message_id(message), part_id(message), None, &content).await.unwrap();
    }
}

async fn with_turns(store: &Store, count: u128) {
    with_session(store).await;
    let mut tx = begin(store).await;
    for number in 1..=count {
        run_turn(&mut tx, number).await;
    }
    commit(tx).await;
}

/// The numbers of the messages that are in force, each of which has its own part.
async fn in_force(tx: &mut Tx, before: Option<u64>, limit: u32) -> Vec<u64> {
    let messages = tx.messages_in_force(session_id(1), before, limit).await.unwrap();
    for message in &messages {
        let text = format!("said {}", message.number);
        assert_eq!(message.parts.len(), 1);
        assert_eq!(message.parts[0].content, PartContent::Text { text });
    }
    messages.iter().map(|message| message.number).collect()
}

/// The numbers of the messages that are set aside.
async fn set_aside(tx: &mut Tx) -> Vec<u64> {
    let messages = tx.messages(session_id(1), None, 20).await.unwrap();
    messages.into_iter().filter(|message| message.rewound).map(|message| message.number).collect()
}

pub async fn what_was_said_from_a_message_on_is_set_aside_and_brought_back(database: &Database) {
    with_turns(&database.store, 3).await;
    let mut tx = begin(&database.store).await;
    assert_eq!(tx.conversation(session_id(1)).await.unwrap(), 0);
    assert_eq!(tx.last_rewind(session_id(1)).await.unwrap(), None);
    assert_eq!(set_aside(&mut tx).await, [0; 0]);
    tx.insert_rewind(session_id(1), 3, 7, NOW).await.unwrap();
    commit(tx).await;

    let mut tx = begin(&database.store).await;
    assert_eq!(tx.conversation(session_id(1)).await.unwrap(), 1);
    assert_eq!(set_aside(&mut tx).await, [3, 4, 5, 6]);
    assert_eq!(in_force(&mut tx, None, 10).await, [1, 2]);
    assert_eq!(tx.messages(session_id(1), None, 10).await.unwrap().len(), 6);
    assert!(!tx.is_set_aside(turn_id(1)).await.unwrap());
    assert!(tx.is_set_aside(turn_id(2)).await.unwrap() && tx.is_set_aside(turn_id(3)).await.unwrap());
    assert!(!tx.is_set_aside(turn_id(9)).await.unwrap());

    assert_eq!(tx.rewind_of_files(session_id(1), 8).await.unwrap(), None);
    let rewind = tx.rewind_of_files(session_id(1), 7).await.unwrap().unwrap();
    assert!(!rewind.is_settled);
    tx.undo_rewind(&rewind).await.unwrap();
    assert_eq!(tx.conversation(session_id(1)).await.unwrap(), 0);
    assert_eq!(set_aside(&mut tx).await, [0; 0]);
    assert_eq!(in_force(&mut tx, None, 10).await.len(), 6);
    assert_eq!(tx.rewind_of_files(session_id(1), 7).await.unwrap(), None);
    // A number isn't given twice: its thread may have heard something.
    tx.insert_rewind(session_id(1), 5, 8, NOW).await.unwrap();
    assert_eq!(tx.conversation(session_id(1)).await.unwrap(), 2);
}

pub async fn a_rewind_is_settled_when_something_was_said_since_and_further_ones_go_beyond_it(database: &Database) {
    with_turns(&database.store, 3).await;
    let mut tx = begin(&database.store).await;
    tx.insert_session(&session(2), None).await.unwrap();
    tx.insert_rewind(session_id(1), 5, 7, NOW).await.unwrap();
    run_turn(&mut tx, 4).await;
    assert!(tx.last_rewind(session_id(1)).await.unwrap().unwrap().is_settled);
    assert_eq!(set_aside(&mut tx).await, [5, 6]);
    assert_eq!(in_force(&mut tx, None, 3).await, [4, 7, 8]);
    assert_eq!(in_force(&mut tx, Some(7), 3).await, [2, 3, 4]);

    // One that goes back beyond the first sets aside only what was in force.
    tx.insert_rewind(session_id(1), 3, 8, NOW).await.unwrap();
    assert_eq!(set_aside(&mut tx).await, [3, 4, 5, 6, 7, 8]);
    let last = tx.last_rewind(session_id(1)).await.unwrap().unwrap();
    assert_eq!((last.number, last.files_number, last.is_settled), (2, 8, false));
    assert!(tx.rewind_of_files(session_id(1), 7).await.unwrap().unwrap().is_settled);
    tx.undo_rewind(&last).await.unwrap();
    assert_eq!(tx.conversation(session_id(1)).await.unwrap(), 1);
    assert_eq!(set_aside(&mut tx).await, [5, 6]);
    assert_eq!(in_force(&mut tx, None, 10).await, [1, 2, 3, 4, 7, 8]);

    assert_eq!(tx.conversation(session_id(2)).await.unwrap(), 0);
    let missing = tx.insert_rewind(session_id(9), 1, 1, NOW).await;
    assert!(missing.is_err(), "{missing:?}");
}
