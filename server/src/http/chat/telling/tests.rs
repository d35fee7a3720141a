//! Turns at several moments, and what clients are told of them that come then.

use octobot_wire::Timestamp;
use octobot_wire::message::ToolCallStatus;
use octobot_wire::permission::{PermissionKind, PermissionOption, PermissionState};
use octobot_wire::tool::ToolKind;
use octobot_wire::usage::Usage;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::{CallItem, Diff, Permission};

const TURN: TurnId = TurnId::new(Uuid::from_u128(7));
const SESSION: SessionId = SessionId::new(Uuid::from_u128(1));

fn part_id(position: u32) -> PartId {
    PartId::new(Uuid::from_u128(100 + u128::from(position)))
}

fn telling() -> Telling {
    Telling::new(ProjectId::local(), SESSION, TURN)
}

fn part(position: u32, content: PartContent, text: &str) -> PartNews {
    let part = Part { id: part_id(position), number: Some(position), position, content };
    PartNews { part, text: text.to_owned() }
}

fn answer(position: u32, text: &str) -> PartNews {
    part(position, PartContent::Answer { blocks: None }, text)
}

fn call(position: u32, status: ToolCallStatus, input: &str, printed: &str) -> PartNews {
    let call = ToolCall {
        tool: ToolKind::Execute,
        title: "Run".to_owned(),
        input: input.to_owned(),
        status,
        content: Vec::new(),
        locations: Vec::new(),
        tail: None,
    };
    part(position, PartContent::ToolCall(Box::new(call)), printed)
}

fn permission(position: u32, call: u32, state: PermissionState) -> PartNews {
    let option = |id: &str, kind| PermissionOption { id: id.to_owned(), name: id.to_uppercase(), kind };
    let options = vec![option("yes", PermissionKind::AllowOnce), option("no", PermissionKind::RejectOnce)];
    let title = "Run ls".to_owned();
    let call = Some(part_id(call));
    let permission = Permission { call, title, options, fields: Vec::new(), values: Vec::new(), state };
    part(position, PartContent::Permission(permission), "")
}

fn answered(option: &str) -> PermissionState {
    PermissionState::Answered { option: option.to_owned() }
}

fn news(state: TurnState, parts: impl IntoIterator<Item = PartNews>) -> TurnNews {
    let turn = Turn {
        id: TURN,
        session_id: SESSION,
        number: 1,
        place: 1,
        attachments: Vec::new(),
        prompt: "go".to_owned(),
        state,
        cancel_requested: false,
        created_at: Timestamp(1),
        started_at: None,
        ended_at: None,
        usage: Usage { output_tokens: 5, ..Usage::default() },
    };
    TurnNews { turn, parts: parts.into_iter().collect() }
}

/// What is told, as it is sent.
fn sent(told: Told) -> Vec<Value> {
    let (Told::More(chunks) | Told::Last(chunks)) = told else { panic!("it begins again") };
    chunks.iter().map(|chunk| serde_json::to_value(chunk).unwrap()).collect()
}

/// The kinds of what is told, and whether that is all.
fn kinds(told: Told) -> (String, bool) {
    let is_last = matches!(told, Told::Last(_));
    let kinds: Vec<_> = sent(told).iter().map(|chunk| chunk["type"].as_str().unwrap().to_owned()).collect();
    (kinds.join(" "), is_last)
}

#[test]
fn text_is_told_as_it_grows_and_ends_where_something_follows() {
    let mut telling = telling();
    let told = sent(telling.tell(&news(TurnState::Queued, [])));
    let id = TURN.to_string();
    let start = json!({ "type": "start", "messageId": id, "messageMetadata": { "turnId": id } });
    assert_eq!(told, [start, json!({ "type": "start-step" })]);
    let thought = part(0, PartContent::Reasoning { blocks: None }, "Hm.");
    let told = telling.tell(&news(TurnState::Running, [thought, answer(1, "I ")]));
    let expected = "reasoning-start reasoning-delta reasoning-end text-start text-delta";
    assert_eq!(kinds(told), (expected.to_owned(), false));
    let told = sent(telling.tell(&news(TurnState::Running, [answer(1, "see.")])));
    assert_eq!(told, [json!({ "type": "text-delta", "id": part_id(1), "delta": "see." })]);
    assert_eq!(sent(telling.tell(&news(TurnState::Running, [answer(1, "")]))), [] as [Value; 0]);
    let told = sent(telling.tell(&news(TurnState::Completed, [answer(1, "")])));
    assert_eq!(told[0], json!({ "type": "text-end", "id": part_id(1) }));
    assert_eq!(told[2]["finishReason"], "stop");
    assert_eq!(told[2]["messageMetadata"]["usage"]["outputTokens"], 5);
}

#[test]
fn a_tool_call_is_told_from_its_input_to_its_output() {
    let mut telling = telling();
    telling.tell(&news(TurnState::Running, []));
    let told = sent(telling.tell(&news(TurnState::Running, [call(0, ToolCallStatus::Pending, "", "")])));
    assert_eq!((&told[0]["type"], &told[0]["input"]), (&"tool-input-start".into(), &Value::Null));
    let told = sent(telling.tell(&news(TurnState::Running, [call(0, ToolCallStatus::Running, "ls", "a\n")])));
    assert_eq!(
        told[0],
        json!({
            "type": "tool-input-available", "toolCallId": part_id(0), "toolName": "execute", "title": "Run",
            "input": { "command": "ls" }, "dynamic": true, "providerExecuted": true,
        })
    );
    assert_eq!((&told[1]["preliminary"], &told[1]["output"]["printed"]), (&true.into(), &"a\n".into()));
    let exited = ToolCallStatus::Exited { exit_code: 3, duration_ms: 9 };
    let told = sent(telling.tell(&news(TurnState::Running, [call(0, exited, "ls", "b\n")])));
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0],
        json!({
            "type": "tool-output-available", "toolCallId": part_id(0), "dynamic": true, "output": {
                "status": "exited", "exitCode": 3, "durationMs": 9, "printed": "a\nb\n", "truncated": false,
                "content": [], "locations": [],
            },
        })
    );
    assert_eq!(sent(telling.tell(&news(TurnState::Running, [call(0, exited, "ls", "")]))), [] as [Value; 0]);
    let told = telling.tell(&news(TurnState::Running, [call(0, exited, "ls -l", "")]));
    assert_eq!(kinds(told).0, "tool-input-available tool-output-available");
}

#[test]
fn a_diff_is_told_as_text() {
    let lines = ["@@ -1 +1 @@", "-a &lt; b", "+é"].map(|line| format!("<span class=\"diff-add\">{line}</span>"));
    let diff = Diff { path: "a".to_owned(), added: 1, removed: 1, lines: lines.to_vec(), truncated: false };
    let mut edited = call(0, ToolCallStatus::Completed { duration_ms: 1 }, "{\"path\":\"a\"}", "");
    if let PartContent::ToolCall(call) = &mut edited.part.content {
        call.tool = ToolKind::Edit;
        call.content = vec![CallItem::Diff(diff)];
    }
    let told = sent(telling().tell(&news(TurnState::Running, [edited])));
    assert_eq!(told[2]["input"], json!({ "path": "a" }));
    assert_eq!(told[3]["output"]["content"][0]["patch"], "@@ -1 +1 @@\n-a < b\n+é\n");
}

#[test]
fn a_stream_ends_with_a_question_and_the_next_one_tells_the_message_again() {
    let running = |status| call(1, status, "ls", "");
    let open = || permission(2, 1, PermissionState::Open);
    let mut first = telling();
    let asked = news(TurnState::Waiting, [answer(0, "I look."), running(ToolCallStatus::Pending), open()]);
    let told = sent(first.tell(&asked));
    let kinds_of = |told: &[Value]| -> Vec<String> {
        told.iter().map(|chunk| chunk["type"].as_str().unwrap().to_owned()).collect()
    };
    let expected = "start start-step text-start text-delta text-end tool-input-available tool-approval-request \
                    finish-step finish";
    assert_eq!(kinds_of(&told).join(" "), expected);
    assert_eq!(told[6]["approvalId"], format!("{TURN}:2"));
    assert_eq!(told[6]["approvalDescriptor"]["options"][1]["id"], "no");
    assert_eq!(told[8]["finishReason"], "tool-calls");

    // The answer was given, but isn't stored yet.
    let mut second = telling().after_answers([2]);
    let told = second.tell(&asked);
    let expected = "start reset-step text-start text-delta text-end tool-input-available";
    assert_eq!(kinds(told), (expected.to_owned(), false));
    let stored = [running(ToolCallStatus::Running), permission(2, 1, answered("yes"))];
    let told = sent(second.tell(&news(TurnState::Running, stored)));
    assert_eq!(kinds_of(&told).join(" "), "tool-approval-request tool-approval-response");
    assert_eq!((&told[1]["approved"], &told[1]["reason"]), (&true.into(), &"YES".into()));
}

#[test]
fn what_was_refused_is_denied_in_the_same_order_for_who_comes_late() {
    let failed = ToolCallStatus::Failed { duration_ms: 1 };
    let parts = [call(0, failed, "ls", ""), permission(1, 0, answered("no"))];
    let told = telling().tell(&news(TurnState::Running, parts));
    let expected = "start start-step tool-input-available tool-approval-request tool-approval-response \
                    tool-output-denied";
    assert_eq!(kinds(told).0, expected);
}

#[test]
fn a_tool_call_that_runs_beside_a_question_is_taken_back_until_it_is_answered() {
    let mut telling = telling();
    let runs = |printed: &str| call(0, ToolCallStatus::Running, "sleep 9", printed);
    let asks = || call(1, ToolCallStatus::Pending, "ls", "");
    telling.tell(&news(TurnState::Running, [runs("a")]));
    let open = permission(2, 1, PermissionState::Open);
    assert_eq!(telling.tell(&news(TurnState::Waiting, [runs(""), asks(), open])), Told::Again);
    telling.start_over();
    let open = permission(2, 1, PermissionState::Open);
    let told = telling.tell(&news(TurnState::Waiting, [runs("a"), asks(), open]));
    let expected = "start reset-step tool-input-available tool-approval-request finish-step finish";
    assert_eq!(kinds(told), (expected.to_owned(), true));

    // Somebody else was quicker than the second look.
    telling.start_over();
    let chosen = permission(2, 1, answered("yes"));
    let told = telling.tell(&news(TurnState::Running, [runs("a"), asks(), chosen]));
    let expected = "start reset-step tool-input-available tool-output-available tool-input-available \
                    tool-approval-request tool-approval-response";
    assert_eq!(kinds(told), (expected.to_owned(), false));
}

#[test]
fn a_tool_call_that_was_permitted_and_still_runs_waits_with_its_answer_for_the_next_question() {
    let runs = || call(0, ToolCallStatus::Running, "sleep 9", "");
    let asks = || call(2, ToolCallStatus::Pending, "ls", "");
    let parts = || [runs(), permission(1, 0, answered("yes")), asks(), permission(3, 2, PermissionState::Open)];
    let told = telling().tell(&news(TurnState::Waiting, parts()));
    let expected = "start start-step tool-input-available tool-approval-request finish-step finish";
    assert_eq!(kinds(told), (expected.to_owned(), true));
    let mut next = telling().after_answers([3]);
    let told = next.tell(&news(TurnState::Waiting, parts()));
    let expected = "start reset-step tool-input-available tool-approval-request tool-approval-response \
                    tool-input-available";
    assert_eq!(kinds(told), (expected.to_owned(), false));
}

#[test]
fn a_form_is_data_and_the_stream_goes_on() {
    let mut telling = telling();
    let form = |state| {
        let mut form = permission(0, 9, state);
        if let PartContent::Permission(permission) = &mut form.part.content {
            permission.call = None;
        }
        form
    };
    let told = telling.tell(&news(TurnState::Waiting, [form(PermissionState::Open)]));
    assert!(matches!(told, Told::More(_)), "{told:?}");
    let told = sent(told);
    assert_eq!((&told[2]["type"], &told[2]["data"]["state"]), (&"data-permission".into(), &"open".into()));
    let told = sent(telling.tell(&news(TurnState::Running, [form(answered("yes"))])));
    assert_eq!((&told[0]["id"], &told[0]["data"]["option"]), (&json!(part_id(0)), &"yes".into()));
}

#[test]
fn every_end_of_a_turn_is_told_as_the_sdk_expects_it() {
    let failed = TurnState::Failed { reason: "No key.".to_owned() };
    let error = PartContent::Error { text: "No key.".to_owned(), credential: Some("KEY".to_owned()) };
    let told = sent(telling().tell(&news(failed, [part(0, error, "")])));
    assert_eq!(
        told[2],
        json!({ "type": "data-error", "id": part_id(0), "data": { "text": "No key.", "credential": "KEY" } })
    );
    assert_eq!(told[3], json!({ "type": "error", "errorText": "No key." }));
    assert_eq!(told[5]["finishReason"], "error");
    let told = sent(telling().tell(&news(TurnState::Cancelled, [])));
    assert_eq!((&told[2]["type"], &told[4]["finishReason"]), (&"abort".into(), &"interrupted".into()));
    let told = kinds(telling().tell(&news(TurnState::Interrupted, [])));
    assert_eq!(told, ("start start-step error finish-step finish".to_owned(), true));
    let deleted = telling().tell_deleted();
    assert_eq!(kinds(Told::Last(deleted)).0, "start start-step abort finish-step finish");
}

#[test]
fn plans_notices_and_files_are_told_once_unless_they_change() {
    let entry = |content: &str| PlanEntry {
        content: content.to_owned(),
        status: octobot_wire::plan::PlanStatus::Pending,
        priority: octobot_wire::plan::PlanPriority::Medium,
    };
    let plan = |content| part(0, PartContent::Plan { entries: vec![entry(content)] }, "");
    let notice = || part(1, PartContent::Notice { text: "Restarted.".to_owned() }, "");
    let file = File { id: Uuid::from_u128(5), name: "a".to_owned(), media_type: "image/png".to_owned(), bytes: 1 };
    let file = || part(2, PartContent::File(file.clone()), "");
    let mut telling = telling();
    let told = sent(telling.tell(&news(TurnState::Running, [plan("look"), notice(), file()])));
    assert_eq!(told[2]["data"]["entries"][0]["content"], "look");
    assert_eq!(told[3]["data"], json!({ "text": "Restarted." }));
    assert_eq!(told[4]["url"], format!("/api/projects/local/sessions/{SESSION}/files/{}", Uuid::from_u128(5)));
    let told = sent(telling.tell(&news(TurnState::Running, [plan("write"), notice(), file()])));
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["entries"][0]["content"], "write");
}
