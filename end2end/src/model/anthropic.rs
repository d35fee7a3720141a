//! Anthropic's Messages API.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::model::Script;
use crate::model::conversation::{Conversation, texts};
use crate::model::scenario::{Block, Verdict};
use crate::model::stream::{self, Event};

/// `POST /v1/messages`.
pub(super) fn messages(script: &Script, body: &Value) -> Response {
    let (verdict, number) = script.decide(&read(body));
    match verdict {
        Verdict::Refuse(status) => refuse(status),
        Verdict::Answer { blocks, pause, is_cut } => {
            if body["stream"] == true {
                stream::respond(events(&body["model"], number, &blocks), pause, is_cut)
            } else {
                Json(message(&body["model"], number, &blocks)).into_response()
            }
        }
    }
}

fn read(body: &Value) -> Conversation {
    let mut conversation = Conversation {
        has_tools: body["tools"].as_array().is_some_and(|tools| !tools.is_empty()),
        ..Conversation::default()
    };
    for message in body["messages"].as_array().into_iter().flatten() {
        if message["role"] == "assistant" {
            conversation.answered();
        } else {
            conversation.said(texts(&message["content"], "text"));
        }
    }
    conversation
}

fn refuse(status: u16) -> Response {
    let kind = match status {
        401 => "authentication_error",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    };
    let body = json!({ "type": "error", "error": { "type": kind, "message": format!("simulated {status}") } });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [("retry-after", "0")], Json(body)).into_response()
}

fn stop_reason(blocks: &[Block]) -> &'static str {
    if blocks.iter().any(|block| matches!(block, Block::Tool { .. })) { "tool_use" } else { "end_turn" }
}

fn id_of(number: u64, index: usize) -> String {
    format!("toolu_{number}_{index}")
}

fn message(model: &Value, number: u64, blocks: &[Block]) -> Value {
    let content = |(index, block): (usize, &Block)| match block {
        Block::Thought(text) => json!({ "type": "thinking", "thinking": text, "signature": "c2ln" }),
        Block::Text(text) => json!({ "type": "text", "text": text }),
        Block::Tool { name, input } => {
            json!({ "type": "tool_use", "id": id_of(number, index), "name": name, "input": input })
        }
    };
    let content: Vec<_> = blocks.iter().enumerate().map(content).collect();
    json!({
        "id": format!("msg_{number}"), "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": stop_reason(blocks), "stop_sequence": null, "usage": usage(42),
    })
}

fn usage(output_tokens: u64) -> Value {
    json!({
        "input_tokens": 100, "output_tokens": output_tokens,
        "cache_creation_input_tokens": 0, "cache_read_input_tokens": 50,
    })
}

fn events(model: &Value, number: u64, blocks: &[Block]) -> Vec<Event> {
    let mut empty = message(model, number, &[]);
    empty["stop_reason"] = Value::Null;
    empty["usage"] = usage(1);
    let mut events = vec![json!({ "type": "message_start", "message": empty })];
    for (index, block) in blocks.iter().enumerate() {
        let (start, deltas) = match block {
            Block::Thought(text) => {
                let word = |word| json!({ "type": "thinking_delta", "thinking": word });
                let signature = json!({ "type": "signature_delta", "signature": "c2ln" });
                let deltas: Vec<_> = stream::words(text).map(word).chain([signature]).collect();
                (json!({ "type": "thinking", "thinking": "", "signature": "" }), deltas)
            }
            Block::Text(text) => {
                let word = |word| json!({ "type": "text_delta", "text": word });
                (json!({ "type": "text", "text": "" }), stream::words(text).map(word).collect())
            }
            Block::Tool { name, input } => {
                let piece = |piece| json!({ "type": "input_json_delta", "partial_json": piece });
                let start = json!({ "type": "tool_use", "id": id_of(number, index), "name": name, "input": {} });
                (start, stream::pieces(input).into_iter().map(piece).collect())
            }
        };
        events.push(json!({ "type": "content_block_start", "index": index, "content_block": start }));
        let delta = |delta| json!({ "type": "content_block_delta", "index": index, "delta": delta });
        events.extend(deltas.into_iter().map(delta));
        events.push(json!({ "type": "content_block_stop", "index": index }));
    }
    let delta = json!({ "stop_reason": stop_reason(blocks), "stop_sequence": null });
    events.push(json!({ "type": "message_delta", "delta": delta, "usage": { "output_tokens": 42 } }));
    events.push(json!({ "type": "message_stop" }));
    events.iter().map(Event::typed).collect()
}
