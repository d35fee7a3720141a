//! Server-sent events that take their time, and may end before their end.

use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt as _, stream};
use serde_json::Value;

/// An event.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Its name; none where the format has none.
    pub name: Option<String>,
    /// What it carries.
    pub data: String,
    /// Whether it is one of many that bring the answer word by word.
    pub is_word: bool,
}

impl Event {
    /// An event with JSON, whose name is its `type`.
    pub fn typed(data: &Value) -> Self {
        let name = data["type"].as_str().map(str::to_owned);
        let is_word = name.as_deref().is_some_and(|name| name.ends_with("delta"));
        Self { name, data: data.to_string(), is_word }
    }

    /// An event without a name.
    pub fn plain(data: &Value, is_word: bool) -> Self {
        Self { name: None, data: data.to_string(), is_word }
    }
}

/// Answers with events. Each word waits for its pause. A cut stream breaks off in the middle.
pub(super) fn respond(mut events: Vec<Event>, pause: Duration, is_cut: bool) -> Response {
    if is_cut {
        events.truncate(events.len() / 2);
    }
    let lines = stream::iter(events).then(move |event| async move {
        if event.is_word && !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let name = event.name.map(|name| format!("event: {name}\n")).unwrap_or_default();
        Ok(format!("{name}data: {}\n\n", event.data))
    });
    let cut = is_cut.then(|| Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)));
    let body = Body::from_stream(lines.chain(stream::iter(cut)));
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

/// The words of a text, each with the space behind it.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

/// JSON as a text, in pieces, as models write it.
pub(super) fn pieces(json: &Value) -> Vec<String> {
    let text = json.to_string();
    text.chars().collect::<Vec<_>>().chunks(16).map(|piece| piece.iter().collect()).collect()
}
