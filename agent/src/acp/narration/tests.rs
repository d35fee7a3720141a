//! No I/O: what an agent tells in, events out.

use std::time::Duration;

use agent_client_protocol_schema::v1::{self as acp, TextContent};
use octobot_wire::tool::{CallContent, ToolCallChange, ToolKind};
use serde_json::json;

use super::*;

const LONG: Duration = Duration::from_mins(1);

fn turn_id() -> TurnId {
    "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap()
}

fn narration() -> Narration {
    Narration::new(turn_id(), PathBuf::from("/w"), 0)
}

fn text(text: &str) -> ContentBlock {
    ContentBlock::Text(TextContent::new(text))
}

/// What stays of events when the turn's id and the details of tool calls are left out.
fn told(events: &[DaemonEventBody]) -> Vec<String> {
    let one = |event: &DaemonEventBody| match event {
        DaemonEventBody::Text { part, text, .. } => format!("{part} says {text}"),
        DaemonEventBody::Reasoning { part, text, .. } => format!("{part} thinks {text}"),
        DaemonEventBody::Plan { part, entries, .. } => format!("{part} plans {}", entries.len()),
        DaemonEventBody::Notice { part, text, .. } => format!("{part} notes {text}"),
        DaemonEventBody::ToolCallStarted { call, title, .. } => format!("{call} starts {title}"),
        DaemonEventBody::ToolCallChanged { call, .. } => format!("{call} changes"),
        DaemonEventBody::Output { call, text, .. } => format!("{call} prints {text}"),
        DaemonEventBody::ToolCallEnded { call, status, .. } => format!("{call} ends {status:?}"),
        other => panic!("{other:?}"),
    };
    events.iter().map(one).collect()
}

fn update(json: serde_json::Value) -> ToolCallUpdate {
    serde_json::from_value(json).unwrap()
}

fn changes(events: &[DaemonEventBody]) -> Vec<ToolCallChange> {
    let change = |event: &DaemonEventBody| match event {
        DaemonEventBody::ToolCallChanged { change, .. } => Some(change.clone()),
        _ => None,
    };
    events.iter().filter_map(change).collect()
}

#[test]
fn words_are_gathered_and_voices_are_parts_of_their_own() {
    let now = Instant::now();
    let mut narration = narration();
    assert_eq!(told(&narration.chunk(Voice::Reasoning, None, &text("a "), now)), ["0 thinks a "]);
    assert_eq!(told(&narration.chunk(Voice::Reasoning, None, &text("b"), now)), [""; 0]);
    assert!(narration.due().is_some());
    assert_eq!(told(&narration.chunk(Voice::Text, None, &text("c"), now)), ["0 thinks b", "1 says c"]);
    narration.chunk(Voice::Text, None, &text("d"), now);
    assert_eq!(told(&narration.tick(now + LONG)), ["1 says d"]);
    assert_eq!(narration.due(), None);
}

#[test]
fn another_message_is_another_part_even_without_anything_between() {
    let now = Instant::now();
    let mut narration = narration();
    let id = |id: &str| Some(MessageId::new(id.to_owned()));
    narration.chunk(Voice::Text, id("m1"), &text("a"), now);
    assert_eq!(told(&narration.chunk(Voice::Text, id("m2"), &text("b"), now)), ["1 says b"]);
}

#[test]
fn a_change_of_a_plan_or_a_tool_call_doesnt_break_a_text_in_two() {
    let now = Instant::now();
    let mut narration = narration();
    narration.plan(Vec::new(), now);
    narration.tool_call(&update(json!({"toolCallId": "c", "title": "Read a", "kind": "read"})), now);
    narration.chunk(Voice::Text, None, &text("a"), now);
    assert_eq!(told(&narration.plan(Vec::new(), now)), ["0 plans 0"]);
    let ended = narration.tool_call(&update(json!({"toolCallId": "c", "status": "completed"})), now);
    assert_eq!(told(&ended), ["1 ends Completed { duration_ms: 0 }"]);
    narration.chunk(Voice::Text, None, &text("b"), now);
    assert_eq!(told(&narration.finish(|_| ToolCallStatus::Interrupted, now)), ["2 says b"]);
}

#[test]
fn a_growing_input_is_told_less_often_the_larger_it_is() {
    let start = Instant::now();
    let mut narration = narration();
    let mut events = Vec::new();
    // A file of 200 KB, a word each 10 ms, as agents repeat it.
    for word in 0..2_000_u32 {
        let now = start + Duration::from_millis(10) * word;
        let input = json!({"path": "a", "content": "x".repeat(100 * word as usize)});
        let content = json!([{"type": "diff", "path": "/w/a", "newText": "x".repeat(100 * word as usize)}]);
        let update =
            json!({"toolCallId": "c", "title": "Write a", "kind": "edit", "rawInput": input, "content": content});
        events.extend(narration.tool_call(&self::update(update), now));
        events.extend(narration.tick(now));
    }
    let told: usize = events.iter().map(|event| serde_json::to_string(event).unwrap().len()).sum();
    assert!(told < 3_000_000, "{told}");
    let rest = narration.finish(|_| ToolCallStatus::Interrupted, start + LONG);
    let last = changes(&rest).pop().unwrap();
    assert!(serde_json::to_string(&last).unwrap().len() > 199_000, "the end is told whole");
}

#[test]
fn what_a_command_printed_is_output_and_not_said_twice() {
    let now = Instant::now();
    let mut narration = narration();
    let events = narration.tool_call(
        &update(json!({"toolCallId": "c", "title": "ls", "kind": "execute", "rawInput": {"command": "ls"}})),
        now,
    );
    let DaemonEventBody::ToolCallStarted { kind: ToolKind::Execute, input, .. } = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(input, "ls");
    let fenced = json!([{"type": "content", "content": {"type": "text", "text": "```\na\n```"}}]);
    let ended = json!({"toolCallId": "c", "status": "completed", "rawOutput": "a\n", "content": fenced});
    let events = narration.tool_call(&update(ended), now);
    assert_eq!(told(&events)[told(&events).len() - 2..], ["0 prints a\n", "0 ends Completed { duration_ms: 0 }"]);
    assert!(changes(&events).iter().all(|change| change.content.as_ref().is_none_or(Vec::is_empty)));
}

#[test]
fn what_a_command_prints_may_come_bit_by_bit_with_what_is_told_of_it() {
    let now = Instant::now();
    let mut narration = narration();
    narration.tool_call(&update(json!({"toolCallId": "c", "title": "ls", "kind": "execute"})), now);
    let prints = |text: &str| json!({"toolCallId": "c", "_meta": {"terminal_output_delta": {"data": text}}});
    let mut events = narration.tool_call(&update(prints("one\n")), now);
    assert_eq!(told(&events), ["0 prints one\n"], "at once");
    events = narration.tool_call(&update(prints("two\n")), now);
    let ended = json!({"toolCallId": "c", "status": "completed", "rawOutput": {"output": "one\ntwo\n"}});
    events.extend(narration.tool_call(&update(ended), now));
    assert_eq!(told(&events), ["0 prints two\n", "0 ends Completed { duration_ms: 0 }"]);
}

#[test]
fn a_tool_call_that_only_a_terminal_prints_for_has_its_output_from_the_start() {
    let now = Instant::now();
    let mut narration = narration();
    assert_eq!(narration.terminal_output("t", "early ".to_owned()), None);
    let shown = json!({"toolCallId": "c", "title": "make", "kind": "execute",
        "content": [{"type": "terminal", "terminalId": "t"}]});
    let events = narration.tool_call(&update(shown), now);
    assert!(told(&events).contains(&"0 prints early ".to_owned()), "{:?}", told(&events));
    let event = narration.terminal_output("t", "late".to_owned());
    assert_eq!(told(event.as_slice()), ["0 prints late"]);
    let ended = json!({"toolCallId": "c", "status": "failed", "rawOutput": "early late"});
    assert_eq!(told(&narration.tool_call(&update(ended), now)), ["0 ends Failed { duration_ms: 0 }"]);
}

#[test]
fn a_tool_call_is_ended_once_whatever_comes_after() {
    let now = Instant::now();
    let mut narration = narration();
    narration.tool_call(&update(json!({"toolCallId": "c", "title": "a", "status": "completed"})), now);
    let late = json!({"toolCallId": "c", "title": "b", "status": "failed"});
    assert_eq!(told(&narration.tool_call(&update(late), now)), ["0 changes"]);
    assert_eq!(told(&narration.finish(|_| ToolCallStatus::Interrupted, now)), [""; 0]);
}

#[test]
fn a_permission_tells_first_all_that_is_known_of_what_it_is_for() {
    let now = Instant::now();
    let mut narration = narration();
    narration.tool_call(&update(json!({"toolCallId": "c", "title": "Preparing", "kind": "edit"})), now);
    let asked = json!({"toolCallId": "c", "title": "Write a", "locations": [{"path": "/w/a"}]});
    let (part, call, title, events) = narration.permission(&update(asked), now);
    assert_eq!((part, call, title.as_str()), (1, 0, "Write a"));
    let change = changes(&events).pop().unwrap();
    assert_eq!(change.locations.unwrap()[0].path, "a");
    let unknown = json!({"toolCallId": "d", "title": "Delete b"});
    let (part, call, ..) = narration.permission(&update(unknown), now);
    assert_eq!((part, call), (3, 2));
}

#[test]
fn a_change_that_is_shown_before_it_is_made_stays_when_words_say_that_it_is() {
    let now = Instant::now();
    let mut narration = narration();
    let diff = json!({"type": "diff", "path": "/w/a", "oldText": "", "newText": "b"});
    let said = |text: &str| json!([{"type": "content", "content": {"type": "text", "text": text}}]);
    let content = |events: &[DaemonEventBody]| changes(events).into_iter().find_map(|change| change.content);
    for (id, status, kept) in [("done", "completed", 1), ("refused", "failed", 0)] {
        narration.tool_call(&update(json!({"toolCallId": id, "title": "a", "kind": "edit", "content": [diff]})), now);
        let end = json!({"toolCallId": id, "status": status, "content": said("So it is.")});
        let shown = content(&narration.tool_call(&update(end), now)).unwrap();
        let diffs = shown.iter().filter(|item| matches!(item, CallContent::Diff { .. })).count();
        assert_eq!((shown.len(), diffs), (kept + 1, kept), "{id}: {shown:?}");
    }
}

#[test]
fn the_workspace_itself_is_no_place_that_is_told() {
    let now = Instant::now();
    let places = json!([{"path": "/w"}, {"path": "/w/src"}]);
    let call = json!({"toolCallId": "c", "title": "ls", "kind": "execute", "locations": places});
    let told = changes(&narration().tool_call(&update(call), now));
    let places = told.into_iter().find_map(|change| change.locations).unwrap();
    assert_eq!(places.iter().map(|place| place.path.as_str()).collect::<Vec<_>>(), ["src"]);
}

#[test]
fn an_image_is_a_file_and_one_that_is_too_large_a_sentence() {
    let now = Instant::now();
    let mut narration = narration();
    let image = |data: &str| ContentBlock::Image(acp::ImageContent::new(data, "image/png"));
    let events = narration.chunk(Voice::Text, None, &image("aGk="), now);
    assert!(matches!(&events[..], [DaemonEventBody::File { part: 0, file, .. }] if file.media_type == "image/png"));
    let events = narration.chunk(Voice::Text, None, &image(&"A".repeat(12 * 1024 * 1024)), now);
    assert!(matches!(&events[..], [DaemonEventBody::Text { part: 1, text, .. }] if text.contains("too large")));
}
