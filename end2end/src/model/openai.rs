//! The Responses and Chat Completions APIs of `OpenAI` and many others.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::model::Script;
use crate::model::conversation::{Conversation, texts};
use crate::model::scenario::{Block, Verdict};
use crate::model::stream::{self, Event};

/// `POST /v1/responses`.
pub(super) fn responses(script: &Script, body: &Value) -> Response {
    let (verdict, number) = script.decide(&read_responses(body));
    match verdict {
        Verdict::Refuse(status) => refuse(status),
        Verdict::Answer { blocks, pause, is_cut } => {
            let output: Vec<_> = blocks.iter().enumerate().map(|(index, block)| item(number, index, block)).collect();
            let response = response(&body["model"], number, "completed", &output);
            if body["stream"] == true {
                stream::respond(response_events(&body["model"], number, &blocks, &response), pause, is_cut)
            } else {
                Json(response).into_response()
            }
        }
    }
}

fn read_responses(body: &Value) -> Conversation {
    let mut conversation = Conversation { has_tools: has_tools(body), ..Conversation::default() };
    if let Some(text) = body["input"].as_str() {
        conversation.said(text.to_owned());
    }
    for item in body["input"].as_array().into_iter().flatten() {
        let kind = item["type"].as_str().unwrap_or("message");
        if item["role"] == "assistant" || kind == "reasoning" || kind.ends_with("_call") {
            conversation.answered();
        } else {
            // The result of a tool has no text, and stands between two answers.
            conversation.said(texts(&item["content"], "text"));
        }
    }
    conversation
}

fn has_tools(body: &Value) -> bool {
    body["tools"].as_array().is_some_and(|tools| !tools.is_empty())
}

fn refuse(status: u16) -> Response {
    let body = json!({ "error": { "message": format!("simulated {status}"), "type": "server_error", "code": null } });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [("retry-after", "0")], Json(body)).into_response()
}

fn item(number: u64, index: usize, block: &Block) -> Value {
    let id = format!("item_{number}_{index}");
    match block {
        Block::Thought(text) => {
            json!({ "type": "reasoning", "id": id, "summary": [{ "type": "summary_text", "text": text }] })
        }
        Block::Text(text) => json!({
            "type": "message", "id": id, "role": "assistant", "status": "completed",
            "content": [{ "type": "output_text", "text": text, "annotations": [] }],
        }),
        Block::Tool { name, input } => json!({
            "type": "function_call", "id": id, "call_id": format!("call_{number}_{index}"), "name": name,
            "arguments": input.to_string(), "status": "completed",
        }),
    }
}

fn response(model: &Value, number: u64, status: &str, output: &[Value]) -> Value {
    json!({
        "id": format!("resp_{number}"), "object": "response", "created_at": 1_700_000_000, "model": model,
        "status": status, "output": output, "parallel_tool_calls": false,
        "usage": {
            "input_tokens": 150, "input_tokens_details": { "cached_tokens": 50 },
            "output_tokens": 42, "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": 192,
        },
    })
}

fn response_events(model: &Value, number: u64, blocks: &[Block], whole: &Value) -> Vec<Event> {
    let begun = response(model, number, "in_progress", &[]);
    let mut events = vec![json!({ "type": "response.created", "response": begun })];
    for (index, block) in blocks.iter().enumerate() {
        let item = item(number, index, block);
        let place = |kind: &str| json!({ "type": kind, "item_id": item["id"], "output_index": index });
        events.push(json!({ "type": "response.output_item.added", "output_index": index, "item": item }));
        let (kind, index_name, pieces): (_, _, Vec<String>) = match block {
            Block::Thought(text) => (
                "response.reasoning_summary_text.delta",
                "summary_index",
                stream::words(text).map(str::to_owned).collect(),
            ),
            Block::Text(text) => {
                ("response.output_text.delta", "content_index", stream::words(text).map(str::to_owned).collect())
            }
            Block::Tool { input, .. } => {
                ("response.function_call_arguments.delta", "content_index", stream::pieces(input))
            }
        };
        for piece in pieces {
            let mut delta = place(kind);
            delta[index_name] = json!(0);
            delta["delta"] = json!(piece);
            events.push(delta);
        }
        events.push(json!({ "type": "response.output_item.done", "output_index": index, "item": item }));
    }
    events.push(json!({ "type": "response.completed", "response": whole }));
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = json!(number);
    }
    events.iter().map(Event::typed).collect()
}

/// `POST /v1/chat/completions`.
pub(super) fn chat(script: &Script, body: &Value) -> Response {
    let (verdict, number) = script.decide(&read_chat(body));
    match verdict {
        Verdict::Refuse(status) => refuse(status),
        Verdict::Answer { blocks, pause, is_cut } if body["stream"] == true => {
            stream::respond(chat_events(&body["model"], number, &blocks), pause, is_cut)
        }
        Verdict::Answer { blocks, .. } => Json(completion(&body["model"], number, &blocks)).into_response(),
    }
}

fn read_chat(body: &Value) -> Conversation {
    let mut conversation = Conversation { has_tools: has_tools(body), ..Conversation::default() };
    for message in body["messages"].as_array().into_iter().flatten() {
        match message["role"].as_str() {
            Some("assistant") => conversation.answered(),
            Some("user") => conversation.said(texts(&message["content"], "text")),
            // The result of a tool stands between two answers.
            Some("tool") => conversation.said(String::new()),
            _ => {}
        }
    }
    conversation
}

fn finish_reason(blocks: &[Block]) -> &'static str {
    if blocks.iter().any(|block| matches!(block, Block::Tool { .. })) { "tool_calls" } else { "stop" }
}

fn chat_usage() -> Value {
    json!({ "prompt_tokens": 150, "completion_tokens": 42, "total_tokens": 192,
        "prompt_tokens_details": { "cached_tokens": 50 } })
}

fn tool_call(number: u64, index: usize, name: &str, arguments: &str) -> Value {
    json!({ "index": index, "id": format!("call_{number}_{index}"), "type": "function",
        "function": { "name": name, "arguments": arguments } })
}

fn completion(model: &Value, number: u64, blocks: &[Block]) -> Value {
    let mut text = String::new();
    let mut calls = Vec::new();
    for block in blocks {
        match block {
            Block::Thought(_) => {}
            Block::Text(said) => text.push_str(said),
            Block::Tool { name, input } => calls.push(tool_call(number, calls.len(), name, &input.to_string())),
        }
    }
    let mut message = json!({ "role": "assistant", "content": text });
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
    }
    json!({
        "id": format!("chatcmpl-{number}"), "object": "chat.completion", "created": 1_700_000_000, "model": model,
        "choices": [{ "index": 0, "message": message, "finish_reason": finish_reason(blocks) }], "usage": chat_usage(),
    })
}

fn chat_events(model: &Value, number: u64, blocks: &[Block]) -> Vec<Event> {
    let chunk = |delta: Value, finish: Value| {
        json!({
            "id": format!("chatcmpl-{number}"), "object": "chat.completion.chunk", "created": 1_700_000_000,
            "model": model, "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
        })
    };
    let mut events = vec![chunk(json!({ "role": "assistant", "content": "" }), Value::Null)];
    let mut calls = 0;
    for block in blocks {
        match block {
            Block::Thought(text) => {
                let word = |word| chunk(json!({ "reasoning_content": word }), Value::Null);
                events.extend(stream::words(text).map(word));
            }
            Block::Text(text) => {
                events.extend(stream::words(text).map(|word| chunk(json!({ "content": word }), Value::Null)));
            }
            Block::Tool { name, input } => {
                let call = tool_call(number, calls, name, "");
                events.push(chunk(json!({ "tool_calls": [call] }), Value::Null));
                for piece in stream::pieces(input) {
                    let more = json!([{ "index": calls, "function": { "arguments": piece } }]);
                    events.push(chunk(json!({ "tool_calls": more }), Value::Null));
                }
                calls += 1;
            }
        }
    }
    let mut last = chunk(json!({}), json!(finish_reason(blocks)));
    last["usage"] = chat_usage();
    events.push(last);
    let mut events: Vec<_> = events.iter().map(|event| Event::plain(event, true)).collect();
    events.push(Event { name: None, data: "[DONE]".to_owned(), is_word: false });
    events
}
