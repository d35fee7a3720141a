//! A program that uses the REST API, as the fault and speed tests do.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use octobot_wire::TurnId;
use octobot_wire::message::{Message, MessagePage, PartBody, Permission};
use octobot_wire::permission::{PermissionKind, PermissionState};
use reqwest::{Client, Response};
pub use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

/// Far more than anything here takes on a busy machine; a test that hangs should say where.
const PATIENCE: Duration = Duration::from_mins(1);

/// A client of one server's project `local`.
#[derive(Debug, Clone)]
pub struct Api {
    http: Client,
    address: String,
}

/// A permission that an agent waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The turn.
    pub turn: TurnId,
    /// The request.
    pub permission: Permission,
}

/// A stream of a project's events.
#[derive(Debug)]
pub struct Events {
    response: Response,
    unread: Vec<u8>,
}

impl Api {
    /// A client of the server at an address such as `http://127.0.0.1:3000`.
    pub fn new(address: &str) -> Self {
        Self { http: Client::new(), address: address.to_owned() }
    }

    /// Sends a request below `/api/projects/local`, and returns the status and the JSON of the answer.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(StatusCode, Value)> {
        let mut request = self.http.request(method, format!("{}/api/projects/local{path}", self.address));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        let json = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).context(text)? };
        Ok((status, json))
    }

    /// Reads something that must be there.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let (status, json) = self.send(Method::GET, path, None).await?;
        ensure!(status.is_success(), "GET {path}: {status}: {json}");
        Ok(json)
    }

    /// Makes something that must be accepted.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let (status, json) = self.send(Method::POST, path, Some(body)).await?;
        ensure!(status.is_success(), "POST {path}: {status}: {json}");
        Ok(json)
    }

    /// Sends a file, and returns the status and the JSON of the answer.
    pub async fn upload(&self, path: &str, media_type: &str, data: &[u8]) -> Result<(StatusCode, Value)> {
        let url = format!("{}/api/projects/local{path}", self.address);
        let response = self.http.post(url).header("content-type", media_type).body(data.to_vec()).send().await?;
        let status = response.status();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).context(text)?))
    }

    /// Puts a file, with a condition, and returns the status of the answer.
    pub async fn put(&self, path: &str, condition: Option<(&str, &str)>, data: &[u8]) -> Result<StatusCode> {
        let mut request = self.http.put(format!("{}/api/projects/local{path}", self.address)).body(data.to_vec());
        if let Some((name, value)) = condition {
            request = request.header(name, value);
        }
        Ok(request.send().await?.status())
    }

    /// Fetches what an address of the server has.
    pub async fn fetch(&self, address: &str) -> Result<Response> {
        Ok(self.http.get(format!("{}{address}", self.address)).send().await?)
    }

    /// Follows what happens, for instance `after=0&session=…`.
    pub async fn events(&self, query: &str) -> Result<Events> {
        let response = self.http.get(format!("{}/api/projects/local/events?{query}", self.address)).send().await?;
        ensure!(response.status().is_success(), "no events: {}", response.status());
        Ok(Events { response, unread: Vec::new() })
    }

    /// Adds a workspace and waits until it is ready; returns its id.
    pub async fn add_workspace(&self, source: &str) -> Result<String> {
        let added = self.post("/workspaces", &json!({ "source": source })).await?;
        let id = text(&added["id"])?;
        let settled = self.settled_workspace(&id).await?;
        ensure!(settled["state"]["state"] == "ready", "the workspace failed: {settled}");
        Ok(id)
    }

    /// Waits until a workspace is ready or has failed.
    pub async fn settled_workspace(&self, id: &str) -> Result<Value> {
        self.until(&format!("workspace {id}"), async || {
            let workspaces = self.get("/workspaces").await?;
            let found = workspaces.as_array().into_iter().flatten().find(|w| w["id"] == id).cloned();
            let found = found.context("the workspace is gone")?;
            let is_settled = matches!(found["state"]["state"].as_str(), Some("ready" | "error"));
            Ok(is_settled.then_some(found))
        })
        .await
    }

    /// Creates a session and waits until its sandbox is ready; returns its id.
    pub async fn create_session(&self, workspace: &str) -> Result<String> {
        self.create_session_of(&json!({ "workspaceId": workspace })).await
    }

    /// Creates a session for an agent of this configuration, and waits until its sandbox is ready; returns its id.
    pub async fn create_session_with(&self, workspace: &str, agent: &Value) -> Result<String> {
        let agent = self.post("/agents", agent).await?;
        self.create_session_of(&json!({ "workspaceId": workspace, "agentId": agent["id"] })).await
    }

    async fn create_session_of(&self, request: &Value) -> Result<String> {
        let created = self.post("/sessions", request).await?;
        let id = text(&created["id"])?;
        self.session_state(&id, "ready").await?;
        Ok(id)
    }

    /// Waits until a session is in a state.
    pub async fn session_state(&self, id: &str, state: &str) -> Result<()> {
        self.until(&format!("session {id} to be {state}"), async || {
            let view = self.get(&format!("/sessions/{id}")).await?;
            let now = view["session"]["state"]["state"].as_str().unwrap_or_default().to_owned();
            ensure!(now != "error" || state == "error", "the session failed: {}", view["session"]);
            Ok((now == state).then_some(()))
        })
        .await
    }

    /// Submits a prompt; returns the turn's id.
    pub async fn submit(&self, session: &str, prompt: &str) -> Result<String> {
        text(&self.post(&format!("/sessions/{session}/turns"), &json!({ "prompt": prompt })).await?["id"])
    }

    /// Waits until no turn of a session is open.
    pub async fn idle(&self, session: &str) -> Result<()> {
        self.until(&format!("the turns of session {session} to end"), async || {
            let turns = self.get(&format!("/sessions/{session}/turns")).await?;
            Ok(turns.as_array().is_some_and(Vec::is_empty).then_some(()))
        })
        .await
    }

    /// Waits until an agent asks for permission; none when no turn is open any more.
    pub async fn asked(&self, session: &str) -> Result<Option<Asked>> {
        self.until_in(session, "a question or the end", async || {
            let messages = self.messages(session).await?;
            let open = messages.iter().flat_map(|message| message.parts.iter().map(|part| (message.turn_id, part)));
            let mut open = open.filter_map(|(turn, part)| match &part.body {
                PartBody::Permission(permission) if permission.state == PermissionState::Open => {
                    Some(Asked { turn, permission: permission.clone() })
                }
                _ => None,
            });
            if let Some(asked) = open.next_back() {
                return Ok(Some(Some(asked)));
            }
            let turns = self.get(&format!("/sessions/{session}/turns")).await?;
            Ok(turns.as_array().is_some_and(Vec::is_empty).then_some(None))
        })
        .await
    }

    /// Answers a permission with the option of this kind.
    pub async fn answer(&self, session: &str, asked: &Asked, kind: PermissionKind) -> Result<()> {
        let Asked { turn, permission } = asked;
        let option = permission.options.iter().find(|option| option.kind == kind);
        let option = option.with_context(|| format!("no {kind:?} in {:?}", permission.options))?;
        let path = format!("/sessions/{session}/turns/{turn}/permissions/{}", permission.number);
        self.post(&path, &json!({ "option": option.id })).await.map(drop)
    }

    /// Every message of a session, the oldest first.
    pub async fn messages(&self, session: &str) -> Result<Vec<Message>> {
        let mut messages = Vec::new();
        let mut before = String::new();
        loop {
            let page = self.get(&format!("/sessions/{session}/messages{before}")).await?;
            let MessagePage { messages: page, earlier_messages } = serde_json::from_value(page)?;
            if let Some(first) = page.first() {
                before = format!("?before={}", first.number);
            }
            messages.splice(0..0, page);
            if earlier_messages == 0 {
                return Ok(messages);
            }
        }
    }

    /// All lines that a tool call printed, as HTML.
    pub async fn output(&self, session: &str, part: &str) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let page = self.get(&format!("/sessions/{session}/parts/{part}/output?from={}", lines.len())).await?;
            let fresh = page["lines"].as_array().context("no lines")?;
            lines.extend(fresh.iter().filter_map(Value::as_str).map(str::to_owned));
            if fresh.is_empty() || lines.len() as u64 == page["totalLines"] {
                return Ok(lines);
            }
        }
    }

    /// Deletes every session and waits until their sandboxes are gone.
    pub async fn delete_sessions(&self) -> Result<()> {
        for session in self.get("/sessions").await?.as_array().into_iter().flatten() {
            let path = format!("/sessions/{}", text(&session["id"])?);
            self.send(Method::DELETE, &path, None).await?;
        }
        self.until("the sessions to be deleted", async || {
            Ok(self.get("/sessions").await?.as_array().is_some_and(Vec::is_empty).then_some(()))
        })
        .await
    }

    /// Asks after every event of the project until there is an answer.
    /// Asks after every event of the project until there is an answer.
    pub async fn until<T>(&self, what: &str, ask: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
        self.until_heard("", what, ask).await
    }

    /// Asks after every event of the project and of a session's transcript until there is an answer.
    pub async fn until_in<T>(&self, session: &str, what: &str, ask: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
        self.until_heard(&format!("session={session}"), &format!("{what} in session {session}"), ask).await
    }

    async fn until_heard<T>(&self, query: &str, what: &str, ask: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
        let wait = async {
            let mut events = self.events(query).await?;
            loop {
                if let Some(answer) = ask().await? {
                    return Ok(answer);
                }
                events.next().await?;
            }
        };
        timeout(PATIENCE, wait).await.with_context(|| format!("waiting for {what} took too long"))?
    }
}

impl Events {
    /// The next event.
    pub async fn next(&mut self) -> Result<Value> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = self.unread.drain(..end + 2).collect();
                let event = String::from_utf8(event)?;
                if let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) {
                    return Ok(serde_json::from_str(data)?);
                }
                continue;
            }
            let chunk = self.response.chunk().await?.context("the stream has ended")?;
            self.unread.extend_from_slice(&chunk);
        }
    }
}

/// The text in a JSON value.
pub fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).with_context(|| format!("{value} isn't text"))
}

/// Makes a small repository with two commits.
pub async fn make_repository(folder: &Path) -> Result<()> {
    let script = "git init -q -b main . && git config user.name Test && git config user.email test@localhost && \
                  echo one > one.txt && git add . && git commit -qm First && echo two > two.txt && git add . && \
                  git commit -qm Second";
    let status = tokio::process::Command::new("sh").args(["-c", script]).current_dir(folder).status().await?;
    ensure!(status.success(), "the repository couldn't be made: {status}");
    Ok(())
}
