//! Events applied to a session's store.

use octobot_wire::message::{Permission, Prose, ToolCallStatus};
use octobot_wire::session::{Session, SessionState};
use octobot_wire::tool::ToolKind;
use octobot_wire::turn::TurnState;
use octobot_wire::usage::Usage;
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
        forked_from: None,
        commit_flow: None,
        state: SessionState::Ready,
        isolation: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    };
    let (turns, messages, log) = (Vec::new(), Vec::new(), Vec::new());
    SessionStore::new(SessionView {
        session,
        turns,
        messages,
        earlier_messages: 0,
        log,
        agent_state: AgentState::default(),
        as_of: 0,
    })
}

fn message(number: u64, parts: Vec<Part>) -> Message {
    Message {
        rewound: false,
        id: MessageId::new(Uuid::from_u128(u128::from(number))),
        session_id: session_id(),
        turn_id: TurnId::new(Uuid::nil()),
        number,
        role: MessageRole::Agent,
        created_at: Timestamp(0),
        parts,
        usage: Usage::default(),
    }
}

fn call(id: u128) -> Part {
    let body = PartBody::ToolCall(Box::new(ToolCall {
        tool: ToolKind::Execute,
        title: "ls".to_owned(),
        input: "ls".to_owned(),
        status: ToolCallStatus::Running,
        content: Vec::new(),
        locations: Vec::new(),
        output: Output::default(),
    }));
    part(id, body)
}

fn part(id: u128, body: PartBody) -> Part {
    Part { id: PartId::new(Uuid::from_u128(id)), body }
}

fn turn(number: u64, prompt: &str) -> Turn {
    Turn {
        id: TurnId::new(Uuid::from_u128(u128::from(number))),
        session_id: session_id(),
        number,
        place: number.cast_signed(),
        prompt: prompt.to_owned(),
        attachments: Vec::new(),
        state: TurnState::Queued,
        created_at: Timestamp(0),
        started_at: None,
        ended_at: None,
        usage: Usage::default(),
    }
}

fn output_of(store: SessionStore) -> (Vec<String>, ToolCallStatus) {
    let parts = store.messages.with_untracked(|list| list[0].parts.clone());
    let body = parts.with_untracked(|parts| parts[0].body.get_untracked());
    match body {
        PartBody::ToolCall(call) => (call.output.lines, call.status),
        other => panic!("the part is a tool call, not {other:?}"),
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

#[test]
fn prose_grows_block_by_block() {
    let owner = Owner::new();
    owner.set();
    let store = store();
    let prose = Prose { text: String::new(), html: vec!["<p>a".to_owned()] };
    store.apply(Change::Message { message: message(1, vec![part(1, PartBody::Text(prose))]) });
    let (session_id, part_id) = (session_id(), PartId::new(Uuid::from_u128(1)));
    let lines = vec!["<p>a b</p>".to_owned(), "<p>c</p>".to_owned()];
    store.apply(Change::Output { session_id, part_id, from: 0, lines: lines.clone() });
    let parts = store.messages.with_untracked(|list| list[0].parts.get_untracked());
    assert_eq!(parts[0].body.get_untracked(), PartBody::Text(Prose { text: String::new(), html: lines }));
}

#[test]
fn a_part_that_comes_again_takes_the_place_of_the_old_one_and_keeps_the_lines_that_were_held() {
    let owner = Owner::new();
    owner.set();
    let store = store();
    let output = |first_line, lines: &[&str]| {
        let mut part = call(1);
        if let PartBody::ToolCall(call) = &mut part.body {
            let lines = lines.iter().map(|&line| line.to_owned()).collect();
            call.output = Output { total_lines: 3, first_line, lines };
        }
        part
    };
    let message_id = message(1, Vec::new()).id;
    store.apply(Change::Message { message: message(1, vec![output(0, &["a", "b", "c"])]) });
    store.apply(Change::Part { session_id: session_id(), message_id, part: output(1, &["b", "c"]) });
    assert_eq!(output_of(store).0, ["a", "b", "c"]);
    assert_eq!(store.messages.with_untracked(|list| list[0].parts.with_untracked(Vec::len)), 1);
}

#[test]
fn an_open_permission_is_found_until_it_is_answered() {
    let owner = Owner::new();
    owner.set();
    let store = store();
    let permission = Permission {
        number: 1,
        call: None,
        title: "Write a".to_owned(),
        options: Vec::new(),
        fields: Vec::new(),
        values: Vec::new(),
        state: PermissionState::Open,
    };
    let asked = part(2, PartBody::Permission(permission));
    store.apply(Change::Message { message: message(1, vec![call(1), asked.clone()]) });
    assert_eq!(store.open_permission(), Some(asked.id));
    let answered = PermissionState::Answered { option: "yes".to_owned() };
    assert_eq!(store.put_permission_state(asked.id, answered), Some(PermissionState::Open));
    assert_eq!(store.open_permission(), None);
}

#[test]
fn what_an_agent_tells_of_itself_is_taken_over() {
    let owner = Owner::new();
    owner.set();
    let store = store();
    let usage = Usage { input_tokens: 7, ..Usage::default() };
    let agent_state = AgentState { usage, ..AgentState::default() };
    store.apply(Change::AgentState { session_id: session_id(), agent_state: agent_state.clone() });
    assert_eq!(store.agent.get_untracked(), agent_state);
}
