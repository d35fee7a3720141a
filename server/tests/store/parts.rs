//! Parts, their text and their files.

use octobot_server::domain::{CallItem, Diff, File, Part, PartContent, Permission, ToolCall};
use octobot_server::store::{Store, StoreError, Tx};
use octobot_wire::form::{Field, FieldKind, Filled};
use octobot_wire::message::{MessageRole, Output, ToolCallStatus};
use octobot_wire::permission::{PermissionKind, PermissionOption, PermissionState};
use octobot_wire::plan::{PlanEntry, PlanPriority, PlanStatus};
use octobot_wire::tool::{Location, ToolKind};

use crate::database::Database;
use crate::samples::{
    NOW, begin, id, message_id, part_id, session, session_id, tool_call, turn_id, with_session, with_turn,
};

/// A transaction on session 1 with turn 1 and message 1.
async fn begin_message(store: &Store) -> Tx {
    with_session(store).await;
    with_turn(store, 1, "go").await;
    let mut tx = begin(store).await;
    tx.insert_message(message_id(1), session_id(1), turn_id(1), MessageRole::Agent, NOW).await.unwrap();
    tx
}

async fn last_part(tx: &mut Tx) -> Part {
    tx.messages(session_id(1), None, 1).await.unwrap().remove(0).parts.pop().unwrap()
}

fn file(number: u128) -> File {
    File { id: id(number), name: "ä \"b\".png".to_owned(), media_type: "image/png".to_owned(), bytes: 3 }
}

fn permission(state: PermissionState) -> PartContent {
    let option = PermissionOption { id: "yes".to_owned(), name: "Yes".to_owned(), kind: PermissionKind::AllowOnce };
    let title = "Write a".to_owned();
    let field = Field {
        id: "colour".to_owned(),
        name: "Colour".to_owned(),
        description: String::new(),
        kind: FieldKind::Text,
        is_required: true,
        choices: Vec::new(),
        initial: Vec::new(),
    };
    let values = vec![Filled { field: "colour".to_owned(), values: vec!["red".to_owned()] }];
    PartContent::Permission(Permission {
        call: Some(part_id(1)),
        title,
        options: vec![option],
        fields: vec![field],
        values,
        state,
    })
}

fn full_call() -> PartContent {
    let diff = Diff { path: "a".to_owned(), added: 1, removed: 2, lines: vec!["<b>".to_owned()], truncated: true };
    PartContent::ToolCall(Box::new(ToolCall {
        tool: ToolKind::Edit,
        title: String::new(),
        input: String::new(),
        status: ToolCallStatus::Pending,
        content: vec![
            CallItem::Text { text: "a".to_owned(), blocks: vec!["<p>a</p>".to_owned()] },
            CallItem::Diff(diff),
            CallItem::File(file(5)),
        ],
        locations: vec![
            Location { path: "a".to_owned(), line: Some(3) },
            Location { path: "b".to_owned(), line: None },
        ],
        tail: Some(Output { total_lines: 9, first_line: 8, lines: vec!["<b>\"é\"</b>".to_owned()] }),
    }))
}

pub async fn every_content_of_a_part_is_kept(database: &Database) {
    let mut tx = begin_message(&database.store).await;
    let entry = PlanEntry { content: "a".to_owned(), status: PlanStatus::InProgress, priority: PlanPriority::High };
    let text = || "Ünïcode 🐙".to_owned();
    let numbered = [
        PartContent::Answer { blocks: None },
        PartContent::Answer { blocks: Some(vec!["<p>a</p>".to_owned()]) },
        PartContent::Reasoning { blocks: None },
        PartContent::Reasoning { blocks: Some(Vec::new()) },
        full_call(),
        PartContent::Plan { entries: vec![entry] },
        PartContent::Plan { entries: Vec::new() },
        permission(PermissionState::Open),
        permission(PermissionState::Answered { option: "yes".to_owned() }),
        permission(PermissionState::Cancelled),
        PartContent::File(file(6)),
        PartContent::Notice { text: text() },
    ];
    for (number, content) in (0..).zip(numbered) {
        let inserted = tx.insert_part(message_id(1), part_id(100 + u128::from(number)), Some(number), &content).await;
        assert_eq!(last_part(&mut tx).await, inserted.unwrap());
    }
    let others = [
        PartContent::Text { text: text() },
        PartContent::Error { text: text(), credential: None },
        PartContent::Error { text: text(), credential: Some("KEY".to_owned()) },
    ];
    for (number, content) in (200..).zip(others) {
        let inserted = tx.insert_part(message_id(1), part_id(number), None, &content).await.unwrap();
        assert_eq!(last_part(&mut tx).await, inserted);
    }
}

pub async fn every_status_of_a_tool_call_is_kept(database: &Database) {
    let mut tx = begin_message(&database.store).await;
    tx.insert_part(message_id(1), part_id(1), Some(0), &tool_call(ToolCallStatus::Running)).await.unwrap();
    let statuses = [
        ToolCallStatus::Pending,
        ToolCallStatus::Running,
        ToolCallStatus::Completed { duration_ms: 3 },
        ToolCallStatus::Failed { duration_ms: 4 },
        ToolCallStatus::Exited { exit_code: 255, duration_ms: 0 },
        ToolCallStatus::Killed { signal: 9, duration_ms: u64::MAX },
        ToolCallStatus::Cancelled { duration_ms: 12 },
        ToolCallStatus::Interrupted,
    ];
    for status in statuses {
        tx.update_part(part_id(1), &tool_call(status)).await.unwrap();
        assert_eq!(last_part(&mut tx).await.content, tool_call(status));
    }
}

pub async fn a_part_is_changed_but_keeps_its_kind(database: &Database) {
    let mut tx = begin_message(&database.store).await;
    tx.insert_part(message_id(1), part_id(1), Some(7), &permission(PermissionState::Open)).await.unwrap();
    let answered = permission(PermissionState::Answered { option: "yes".to_owned() });
    tx.update_part(part_id(1), &answered).await.unwrap();
    let part = last_part(&mut tx).await;
    assert_eq!(part, Part { id: part_id(1), number: Some(7), position: 0, content: answered });
    let other_kind = PartContent::Notice { text: "n".to_owned() };
    for (part, content) in [(part_id(1), &other_kind), (part_id(9), &part.content)] {
        let missing = tx.update_part(part, content).await;
        assert!(matches!(missing, Err(StoreError::Missing { table: "parts", .. })), "{missing:?}");
    }
}

pub async fn a_part_is_found_by_its_number(database: &Database) {
    let mut tx = begin_message(&database.store).await;
    let call = tool_call(ToolCallStatus::Running);
    let second = tx.insert_part(message_id(1), part_id(1), Some(2), &call).await.unwrap();
    let first = tx.insert_part(message_id(1), part_id(2), Some(1), &call).await.unwrap();
    tx.insert_part(message_id(1), part_id(3), None, &PartContent::Text { text: String::new() }).await.unwrap();
    assert_eq!(tx.part(turn_id(1), 2).await.unwrap(), Some((message_id(1), second.clone())));
    assert_eq!(tx.part(turn_id(1), 3).await.unwrap(), None);
    assert_eq!(tx.part(turn_id(2), 2).await.unwrap(), None);
    assert_eq!(tx.parts(turn_id(1)).await.unwrap(), [(message_id(1), first), (message_id(1), second)]);
}

pub async fn a_number_is_given_once_in_a_turn(database: &Database) {
    let mut tx = begin_message(&database.store).await;
    let answer = PartContent::Answer { blocks: None };
    tx.insert_part(message_id(1), part_id(1), Some(2), &answer).await.unwrap();
    let refused = tx.insert_part(message_id(1), part_id(2), Some(2), &answer).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
}

pub async fn text_is_put_together_from_its_chunks(database: &Database) {
    let mut tx = begin_message(&database.store).await;
    for number in [1, 2] {
        let call = tool_call(ToolCallStatus::Running);
        tx.insert_part(message_id(1), part_id(number.into()), Some(number), &call).await.unwrap();
    }
    assert_eq!(tx.chunks(part_id(1)).await.unwrap(), "");
    for chunk in ["a", "\u{1b}[31m", "", "é\n"] {
        tx.append_chunk(part_id(1), chunk).await.unwrap();
    }
    tx.append_chunk(part_id(2), "other").await.unwrap();
    assert_eq!(tx.chunks(part_id(1)).await.unwrap(), "a\u{1b}[31mé\n");
    let lost = tx.append_chunk(part_id(9), "lost").await;
    assert!(matches!(lost, Err(StoreError::Reference(_))), "{lost:?}");
}

pub async fn the_agents_parts_of_a_turn_are_read_from_a_position_on(database: &Database) {
    let mut tx = begin_message(&database.store).await;
    tx.insert_message(message_id(2), session_id(1), turn_id(1), MessageRole::User, NOW).await.unwrap();
    tx.insert_part(message_id(2), part_id(9), None, &PartContent::Text { text: "go".to_owned() }).await.unwrap();
    let answer = PartContent::Answer { blocks: None };
    let mut parts = Vec::new();
    for number in 0..3 {
        parts.push(tx.insert_part(message_id(1), part_id(number.into()), Some(number), &answer).await.unwrap());
    }
    assert_eq!(tx.agent_parts(turn_id(1), 0).await.unwrap(), parts);
    assert_eq!(tx.agent_parts(turn_id(1), 1).await.unwrap(), parts[1..]);
    assert_eq!(tx.agent_parts(turn_id(2), 0).await.unwrap(), []);
    assert_eq!(tx.chunks_after(part_id(1), 0).await.unwrap(), (0, String::new()));
    for chunk in ["a", "é", "c"] {
        tx.append_chunk(part_id(1), chunk).await.unwrap();
    }
    assert_eq!(tx.chunks_after(part_id(1), 0).await.unwrap(), (3, "aéc".to_owned()));
    assert_eq!(tx.chunks_after(part_id(1), 2).await.unwrap(), (3, "c".to_owned()));
    assert_eq!(tx.chunks_after(part_id(1), 3).await.unwrap(), (3, String::new()));
}

pub async fn a_file_is_found_in_its_session_only(database: &Database) {
    let mut tx = begin_message(&database.store).await;
    tx.insert_session(&session(2), None).await.unwrap();
    tx.insert_part(message_id(1), part_id(1), Some(0), &PartContent::File(file(5))).await.unwrap();
    tx.insert_file(part_id(1), &file(5), b"\0\xff!").await.unwrap();
    let found = tx.file(session_id(1), id(5)).await.unwrap();
    assert_eq!(found, Some((file(5), b"\0\xff!".to_vec())));
    assert_eq!(tx.file(session_id(2), id(5)).await.unwrap(), None);
    tx.delete_files(part_id(1)).await.unwrap();
    assert_eq!(tx.file(session_id(1), id(5)).await.unwrap(), None);
}
