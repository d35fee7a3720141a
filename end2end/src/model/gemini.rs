//! Google's Gemini API.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::model::Script;
use crate::model::conversation::{Conversation, texts};
use crate::model::scenario::{Block, Verdict};
use crate::model::stream::{self, Event};

/// `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`.
pub(super) fn generate(script: &Script, body: &Value, is_stream: bool) -> Response {
    let (verdict, _) = script.decide(&read(body));
    match verdict {
        Verdict::Refuse(status) => {
            let error = json!({ "error": { "code": status, "message": format!("simulated {status}") } });
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(error)).into_response()
        }
        Verdict::Answer { blocks, pause, is_cut } => answer(&blocks, pause, is_cut, is_stream),
    }
}

fn answer(blocks: &[Block], pause: Duration, is_cut: bool, is_stream: bool) -> Response {
    if is_stream {
        let mut events: Vec<_> = blocks.iter().flat_map(parts).map(|part| chunk(&[part], false)).collect();
        events.push(chunk(&[], true));
        return stream::respond(events.iter().map(|event| Event::plain(event, true)).collect(), pause, is_cut);
    }
    Json(chunk(&blocks.iter().flat_map(parts).collect::<Vec<_>>(), true)).into_response()
}

fn read(body: &Value) -> Conversation {
    let mut conversation = Conversation {
        has_tools: body["tools"].as_array().is_some_and(|tools| !tools.is_empty()),
        ..Conversation::default()
    };
    for content in body["contents"].as_array().into_iter().flatten() {
        if content["role"] == "model" {
            conversation.answered();
        } else {
            conversation.said(texts(&content["parts"], "text"));
        }
    }
    conversation
}

fn parts(block: &Block) -> Vec<Value> {
    match block {
        Block::Thought(text) => stream::words(text).map(|word| json!({ "text": word, "thought": true })).collect(),
        Block::Text(text) => stream::words(text).map(|word| json!({ "text": word })).collect(),
        Block::Tool { name, input } => vec![json!({ "functionCall": { "name": name, "args": input } })],
    }
}

fn chunk(parts: &[Value], is_last: bool) -> Value {
    let mut candidate = json!({ "index": 0, "content": { "role": "model", "parts": parts } });
    if is_last {
        candidate["finishReason"] = json!("STOP");
    }
    json!({
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": 150, "candidatesTokenCount": 42, "totalTokenCount": 192, "cachedContentTokenCount": 50,
        },
        "modelVersion": "simulated",
    })
}
