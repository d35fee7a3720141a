//! Events applied to a session's store.

use octobot_wire::message::ToolCall;
use octobot_wire::session::{Session, SessionState};
use octobot_wire::turn::TurnState;
use octobot_wire::{AgentId, WorkspaceId};

use super::*;

fn session_id() -> SessionId {
    SessionId::new(Uuid::from_u128(7))
}

fn store() -> SessionStore {
    let session = Session {
        id: session_id(),
        workspace_id: WorkspaceId::new(Uuid::nil()),
        agent_id: AgentId::new(Uuid::nil()),
        name: "s".to_owned(),
        display_name: None,
        state: SessionState::Ready,
        isolation: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    };
    let (turns, messages, log) = (Vec::new(), Vec::new(), Vec::new());
    SessionStore::new(SessionView { session, turns, messages, earlier_messages: 0, log, as_of: 0 })
}

fn message(number: u64, parts: Vec<Part>) -> Message {
    Message {
        id: MessageId::new(Uuid::from_u128(u128::from(number))),
        session_id: session_id(),
        turn_id: TurnId::new(Uuid::nil()),
        number,
        role: MessageRole::Agent,
        created_at: Timestamp(0),
        parts,
    }
}

fn call(id: u128) -> Part {
    let body = PartBody::ToolCall(ToolCall {
        title: "ls".to_owned(),
        input: "ls".to_owned(),
        status: ToolCallStatus::Running,
        output: Output::default(),
    });
    Part { id: PartId::new(Uuid::from_u128(id)), body }
}

fn turn(number: u64, prompt: &str) -> Turn {
    Turn {
        id: TurnId::new(Uuid::from_u128(u128::from(number))),
        session_id: session_id(),
        number,
        prompt: prompt.to_owned(),
        state: TurnState::Queued,
        created_at: Timestamp(0),
        started_at: None,
        ended_at: None,
    }
}

fn output_of(store: SessionStore) -> (Vec<String>, ToolCallStatus) {
    let parts = store.messages.with_untracked(|list| list[0].parts.clone());
    let body = parts.with_untracked(|parts| parts[0].body.get_untracked());
    match body {
        PartBody::ToolCall(call) => (call.output.lines, call.status),
        PartBody::Text { .. } | PartBody::Error { .. } => panic!("the part is a tool call"),
    }
}

#[test]
fn a_turns_events_build_its_message_and_repeats_change_nothing() {
    let owner = Owner::new();
    owner.set();
    let store = store();
    let (session_id, part_id) = (session_id(), PartId::new(Uuid::from_u128(1)));
    let status = ToolCallStatus::Exited { exit_code: 0, duration_ms: 5 };
    let changes = [
        Change::Message { message: message(1, Vec::new()) },
        Change::Part { session_id, message_id: message(1, Vec::new()).id, part: call(1) },
        Change::Output { session_id, part_id, from: 0, lines: vec!["a".to_owned(), "b".to_owned()] },
        Change::Output { session_id, part_id, from: 1, lines: vec!["bc".to_owned()] },
        Change::ToolCallStatus { session_id, part_id, status },
    ];
    for change in changes.iter().chain(&changes[2..]) {
        store.apply(change.clone());
    }
    assert_eq!(output_of(store), (vec!["a".to_owned(), "bc".to_owned()], status));
    assert_eq!(store.messages.with_untracked(Vec::len), 1);
}

#[test]
fn another_sessions_transcript_is_left_alone() {
    let owner = Owner::new();
    owner.set();
    let store = store();
    let mut foreign = message(1, Vec::new());
    foreign.session_id = SessionId::new(Uuid::from_u128(8));
    store.apply(Change::Message { message: foreign });
    assert_eq!(store.messages.with_untracked(Vec::len), 0);
}

#[test]
fn a_prompt_that_the_stream_confirmed_first_is_not_queued_again_by_its_answer() {
    let owner = Owner::new();
    owner.set();
    let store = store();
    let key = Uuid::from_u128(9);
    store.sending.set(vec![SendingPrompt { key, prompt: "ls".to_owned() }]);
    store.apply(Change::Turn { turn: turn(1, "ls") });
    assert_eq!(store.sending.with_untracked(Vec::len), 0);
    store.apply(Change::Turn { turn: Turn { state: TurnState::Completed, ..turn(1, "ls") } });
    store.confirm_prompt(key, turn(1, "ls"));
    assert_eq!(store.turns.with_untracked(Vec::len), 0);
}

#[test]
fn earlier_messages_stand_before_the_loaded_ones() {
    let owner = Owner::new();
    owner.set();
    let store = store();
    store.apply(Change::Message { message: message(3, Vec::new()) });
    let messages = vec![message(1, Vec::new()), message(2, Vec::new()), message(3, Vec::new())];
    store.prepend_messages(MessagePage { messages, earlier_messages: 0 });
    let numbers: Vec<_> = store.messages.with_untracked(|list| list.iter().map(|m| m.number).collect());
    assert_eq!(numbers, [1, 2, 3]);
}
