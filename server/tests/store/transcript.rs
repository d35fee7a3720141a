//! Messages, parts and output.

use octobot_server::domain::{Message, PartContent};
use octobot_server::store::{Store, StoreError, Tx};
use octobot_wire::message::{MessageRole, Output, ToolCallStatus};

use crate::database::Database;
use crate::samples::{NOW, begin, message_id, part_id, session_id, turn_id, with_session, with_turn};

fn text(text: &str) -> PartContent {
    PartContent::Text { text: text.to_owned() }
}

fn tool_call(call: u32, status: ToolCallStatus) -> PartContent {
    PartContent::ToolCall { call, title: "Run".to_owned(), input: "ls\npwd".to_owned(), status, tail: None }
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
    agent.parts.push(tx.insert_part(agent.id, part_id(9), &text("first")).await.unwrap());
    user.parts.push(tx.insert_part(user.id, part_id(5), &text("go")).await.unwrap());
    let call = tool_call(1, ToolCallStatus::Running);
    agent.parts.push(tx.insert_part(agent.id, part_id(8), &call).await.unwrap());
    let error = PartContent::Error { text: "It\tbroke 🐙".to_owned() };
    agent.parts.push(tx.insert_part(agent.id, part_id(7), &error).await.unwrap());
    assert_eq!(agent.parts.iter().map(|part| part.position).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(tx.messages(session_id(1), None, 10).await.unwrap(), [user, agent.clone()]);
    assert_eq!(tx.agent_message(turn_id(1)).await.unwrap(), Some(agent.id));
    assert_eq!(tx.agent_message(turn_id(2)).await.unwrap(), None);
    assert_eq!(tx.part_session(part_id(8)).await.unwrap(), Some(session_id(1)));
    assert_eq!(tx.part_session(part_id(1)).await.unwrap(), None);
}

pub async fn every_status_of_a_tool_call_is_kept(database: &Database) {
    let mut tx = begin_turn(&database.store).await;
    insert_message(&mut tx, 1, MessageRole::Agent).await;
    let statuses = [
        ToolCallStatus::Running,
        ToolCallStatus::Exited { exit_code: 255, duration_ms: 0 },
        ToolCallStatus::Killed { signal: 9, duration_ms: u64::MAX },
        ToolCallStatus::Cancelled { duration_ms: 12 },
        ToolCallStatus::Interrupted,
    ];
    for (number, status) in (1..).zip(statuses) {
        let call = tool_call(u32::try_from(number).unwrap(), status);
        let part = tx.insert_part(message_id(1), part_id(number), &call).await.unwrap();
        assert_eq!(tx.messages(session_id(1), None, 1).await.unwrap()[0].parts.last(), Some(&part));
    }
    let tail = Output { total_lines: 9, first_line: 8, lines: vec!["<b>\"é\"</b>".to_owned()] };
    for status in statuses {
        tx.end_tool_call(part_id(1), status, &tail).await.unwrap();
        let messages = tx.messages(session_id(1), None, 1).await.unwrap();
        match &messages[0].parts[0].content {
            PartContent::ToolCall { status: kept, tail: Some(kept_tail), .. } => {
                assert_eq!((kept, kept_tail), (&status, &tail));
            }
            other => panic!("{other:?}"),
        }
    }
    tx.insert_part(message_id(1), part_id(8), &text("no tool call")).await.unwrap();
    for other in [part_id(8), part_id(9)] {
        let missing = tx.end_tool_call(other, ToolCallStatus::Interrupted, &tail).await;
        assert!(matches!(missing, Err(StoreError::Missing { table: "parts", .. })), "{missing:?}");
    }
}

pub async fn messages_are_read_in_pages(database: &Database) {
    let mut tx = begin_turn(&database.store).await;
    for number in 1..=5 {
        insert_message(&mut tx, number, MessageRole::Agent).await;
        tx.insert_part(message_id(number), part_id(number), &text("part")).await.unwrap();
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

pub async fn output_is_put_together_from_its_chunks(database: &Database) {
    let mut tx = begin_turn(&database.store).await;
    insert_message(&mut tx, 1, MessageRole::Agent).await;
    for number in [1, 2] {
        let call = tool_call(u32::try_from(number).unwrap(), ToolCallStatus::Running);
        tx.insert_part(message_id(1), part_id(number), &call).await.unwrap();
    }
    assert_eq!(tx.output_text(part_id(1)).await.unwrap(), "");
    for chunk in ["a", "\u{1b}[31m", "", "é\n"] {
        tx.append_output(part_id(1), chunk).await.unwrap();
    }
    tx.append_output(part_id(2), "other").await.unwrap();
    assert_eq!(tx.output_text(part_id(1)).await.unwrap(), "a\u{1b}[31mé\n");
    let lost = tx.append_output(part_id(9), "lost").await;
    assert!(matches!(lost, Err(StoreError::Reference(_))), "{lost:?}");
}

pub async fn a_tool_call_is_found_by_its_number(database: &Database) {
    let mut tx = begin_turn(&database.store).await;
    insert_message(&mut tx, 1, MessageRole::Agent).await;
    let ended = ToolCallStatus::Exited { exit_code: 0, duration_ms: 1 };
    tx.insert_part(message_id(1), part_id(1), &tool_call(1, ended)).await.unwrap();
    tx.insert_part(message_id(1), part_id(2), &tool_call(2, ToolCallStatus::Running)).await.unwrap();
    assert_eq!(tx.tool_call_part(turn_id(1), 2).await.unwrap(), Some((message_id(1), part_id(2))));
    assert_eq!(tx.tool_call_part(turn_id(1), 3).await.unwrap(), None);
    assert_eq!(tx.tool_call_part(turn_id(2), 2).await.unwrap(), None);
    assert_eq!(tx.open_tool_calls(turn_id(1)).await.unwrap(), [part_id(2)]);
}
