//! Messages.

use octobot_server::domain::{Message, PartContent};
use octobot_server::store::{Store, Tx};
use octobot_wire::message::{MessageRole, ToolCallStatus};

use crate::database::Database;
use crate::samples::{NOW, begin, message_id, part_id, session_id, tool_call, turn_id, with_session, with_turn};

fn text(text: &str) -> PartContent {
    PartContent::Text { text: text.to_owned() }
}

/// A transaction on session 1 with turn 1.
async fn begin_turn(store: &Store) -> Tx {
    with_session(store).await;
    with_turn(store, 1, "go").await;
    begin(store).await
}

async fn insert_message(tx: &mut Tx, number: u128, role: MessageRole) -> Message {
    tx.insert_message(message_id(number), session_id(1), turn_id(1), role, NOW).await.unwrap()
}

pub async fn messages_keep_their_parts_in_order(database: &Database) {
    let mut tx = begin_turn(&database.store).await;
    let mut user = insert_message(&mut tx, 1, MessageRole::User).await;
    let mut agent = insert_message(&mut tx, 2, MessageRole::Agent).await;
    assert_eq!((user.number, agent.number), (1, 2));
    // The ids are given in an order that isn't that of the parts.
    agent.parts.push(tx.insert_part(agent.id, part_id(9), Some(4), &tool_call(ToolCallStatus::Running)).await.unwrap());
    user.parts.push(tx.insert_part(user.id, part_id(5), None, &text("go")).await.unwrap());
    let answer = PartContent::Answer { blocks: None };
    agent.parts.push(tx.insert_part(agent.id, part_id(8), Some(2), &answer).await.unwrap());
    let error = PartContent::Error { text: "It\tbroke 🐙".to_owned(), credential: None };
    agent.parts.push(tx.insert_part(agent.id, part_id(7), None, &error).await.unwrap());
    assert_eq!(agent.parts.iter().map(|part| part.position).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(tx.messages(session_id(1), None, 10).await.unwrap(), [user, agent.clone()]);
    assert_eq!(tx.agent_message(turn_id(1)).await.unwrap(), Some(agent.id));
    assert_eq!(tx.agent_message(turn_id(2)).await.unwrap(), None);
    assert_eq!(tx.part_session(part_id(8)).await.unwrap(), Some(session_id(1)));
    assert_eq!(tx.part_session(part_id(1)).await.unwrap(), None);
}

pub async fn messages_are_read_in_pages(database: &Database) {
    let mut tx = begin_turn(&database.store).await;
    for number in 1..=5 {
        insert_message(&mut tx, number, MessageRole::Agent).await;
        tx.insert_part(message_id(number), part_id(number), None, &text("part")).await.unwrap();
    }
    let numbers = |messages: &[Message]| messages.iter().map(|message| message.number).collect::<Vec<_>>();
    let last = tx.messages(session_id(1), None, 2).await.unwrap();
    assert_eq!(numbers(&last), [4, 5]);
    assert!(last.iter().all(|message| message.parts.len() == 1));
    assert_eq!(tx.messages_before(session_id(1), 4).await.unwrap(), 3);
    assert_eq!(numbers(&tx.messages(session_id(1), Some(4), 2).await.unwrap()), [2, 3]);
    assert_eq!(numbers(&tx.messages(session_id(1), Some(2), 2).await.unwrap()), [1]);
    assert_eq!(tx.messages(session_id(1), Some(1), 2).await.unwrap(), []);
    assert_eq!(tx.messages_before(session_id(1), 1).await.unwrap(), 0);
    assert_eq!(tx.messages(session_id(2), None, 2).await.unwrap(), []);
}
