//! A simulated model API on this machine: the wire formats of the model providers, answered by scenario.
//!
//! What is answered depends only on the conversation that a request carries: the last prompt that holds a scenario's cue
//! says which scenario it is, and the answers since say which step. So requests may be repeated, side requests (titles,
//! summaries) are answered with a word, and several agents can talk at once. Only faults are counted.

mod anthropic;
mod conversation;
mod gemini;
mod openai;
mod scenario;
mod stream;

use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::model::conversation::Conversation;
use crate::model::scenario::Verdict;
pub use crate::model::scenario::{Block, Fault, Scenario, Step};
use crate::origin;

/// A running model API. It ends when it is dropped.
#[derive(Debug)]
pub struct Model {
    address: String,
    script: Script,
    server: JoinHandle<()>,
}

/// What the API answers, and what it was asked.
#[derive(Debug, Clone, Default)]
struct Script(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    scenarios: Vec<Scenario>,
    requests: Vec<Request>,
    /// How many answers have been given, for ids.
    answers: u64,
}

/// A request that the API got.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its path.
    pub path: String,
    /// The key that it came with.
    pub key: Option<String>,
    /// Its body.
    pub body: Value,
    /// The status of the answer.
    pub status: u16,
}

impl Script {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nobody panics while holding the script")
    }

    /// What to answer to a conversation, and a number for ids.
    fn decide(&self, conversation: &Conversation) -> (Verdict, u64) {
        let mut inner = self.lock();
        inner.answers += 1;
        let number = inner.answers;
        (scenario::decide(&mut inner.scenarios, conversation), number)
    }
}

impl Model {
    /// Starts one without scenarios, where sandboxes reach it.
    pub async fn start() -> Result<Self> {
        let listener = origin::listen().await.context("the model API can't listen")?;
        let address = format!("http://{}", listener.local_addr()?.ip());
        let script = Script::default();
        let router = Router::new().fallback(answer).with_state(script.clone());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the model API has ended: {error}");
            }
        });
        Ok(Self { address, script, server })
    }

    /// Its address, for instance `http://127.0.0.1:4000`.
    pub fn url(&self) -> &str {
        &self.address
    }

    /// Adds a scenario. Of several whose cue a prompt holds the last one counts.
    pub fn play(&self, scenario: Scenario) {
        self.script.lock().scenarios.push(scenario);
    }

    /// Whether one request held all of these texts. An agent may make others beside it, to find a title for instance.
    pub fn heard(&self, texts: &[&str]) -> bool {
        let requests = self.requests();
        let mut bodies = requests.iter().map(|request| request.body.to_string());
        bodies.any(|body| texts.iter().all(|text| body.contains(text)))
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.script.lock().requests.clone()
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A key that the API doesn't know. It takes every other one.
pub const REFUSED_KEY: &str = "sk-refused";

/// The key of a request, in whichever header its client puts it.
fn key(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let bearer = || text("authorization")?.strip_prefix("Bearer ");
    text("x-api-key").or_else(|| text("x-goog-api-key")).or_else(bearer).map(str::to_owned)
}

/// Finds the wire format by the path, and answers in it.
async fn answer(State(script): State<Script>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path().to_owned();
    let key = key(&headers);
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let response = match path.as_str() {
        _ if key.as_deref() == Some(REFUSED_KEY) => {
            (StatusCode::UNAUTHORIZED, axum::Json(json!({ "error": { "message": "unknown key" } }))).into_response()
        }
        path if path.ends_with("/models") => axum::Json(json!({ "object": "list", "data": [] })).into_response(),
        path if path.ends_with("/messages") => anthropic::messages(&script, &body),
        path if path.ends_with("/messages/count_tokens") => axum::Json(json!({ "input_tokens": 10 })).into_response(),
        path if path.ends_with("/responses") => openai::responses(&script, &body),
        path if path.ends_with("/chat/completions") => openai::chat(&script, &body),
        path if path.contains(":streamGenerateContent") => gemini::generate(&script, &body, true),
        path if path.contains(":generateContent") => gemini::generate(&script, &body, false),
        path if path.contains(":countTokens") => axum::Json(json!({ "totalTokens": 10 })).into_response(),
        _ => (StatusCode::NOT_FOUND, axum::Json(json!({ "error": { "message": "not simulated" } }))).into_response(),
    };
    script.lock().requests.push(Request { path, key, body, status: response.status().as_u16() });
    response
}
