//! A chat of the AI SDK: `useChat` in a React component, run by `npm/chat.mjs`, before the real server.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::agents;

/// Far more than anything here takes on a busy machine; a test that hangs should say where.
const PATIENCE: Duration = Duration::from_mins(1);

/// A chat. It is killed when it is dropped.
#[derive(Debug)]
pub struct Chat {
    _process: Child,
    commands: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    shown: Value,
}

/// What this machine lacks for a chat.
pub fn missing() -> Option<String> {
    let packages =
        [agents::modules().join("ai"), agents::modules().join("@ai-sdk/react"), agents::programs().join("node")];
    let is_there = packages.iter().all(|package| package.exists());
    (!is_there).then(|| "the AI SDK isn't installed (npm ci in end2end/npm)".to_owned())
}

impl Chat {
    /// Opens a chat at an address; with `resume` it looks for a turn that runs, as a page does that is loaded again.
    pub async fn open(address: &str, resume: bool) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("npm/chat.mjs");
        let mut process = Command::new(agents::programs().join("node"))
            .arg(script)
            .args([address, &resume.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the chat couldn't be started")?;
        let commands = process.stdin.take().expect("standard input is piped");
        let lines = BufReader::new(process.stdout.take().expect("standard output is piped")).lines();
        let mut chat = Self { _process: process, commands, lines, shown: Value::Null };
        chat.shows("nothing yet", |shown| shown["messages"].is_array()).await?;
        Ok(chat)
    }

    /// Sends a prompt.
    pub async fn send(&mut self, text: &str) -> Result<()> {
        self.command(&json!({ "command": "send", "text": text })).await
    }

    /// Sends a prompt with files, which are parts as the SDK makes them of what a person picks.
    pub async fn send_with(&mut self, text: &str, files: &Value) -> Result<()> {
        self.command(&json!({ "command": "send", "text": text, "files": files })).await
    }

    /// Sends the last prompt once more.
    pub async fn regenerate(&mut self) -> Result<()> {
        self.command(&json!({ "command": "regenerate" })).await
    }

    /// Stops reading.
    pub async fn stop(&mut self) -> Result<()> {
        self.command(&json!({ "command": "stop" })).await
    }

    /// Comes back to the turn that runs.
    pub async fn resume(&mut self) -> Result<()> {
        self.command(&json!({ "command": "resume" })).await
    }

    /// Answers a request for permission.
    pub async fn answer(&mut self, id: &str, approved: bool, reason: Option<&str>) -> Result<()> {
        self.command(&json!({ "command": "answer", "id": id, "approved": approved, "reason": reason })).await
    }

    async fn command(&mut self, command: &Value) -> Result<()> {
        self.commands.write_all(format!("{command}\n").as_bytes()).await?;
        Ok(self.commands.flush().await?)
    }

    /// Waits until it shows what is wanted, and returns all that it shows then.
    pub async fn shows(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        self.until(what, |line| line["messages"].is_array() && wanted(line)).await
    }

    /// Waits until a message has ended, and returns how.
    pub async fn finished(&mut self) -> Result<Value> {
        Ok(self.until("the end of a message", |line| line["finished"].is_object()).await?["finished"].take())
    }

    async fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let reading = async {
            while let Some(line) = self.lines.next_line().await? {
                let line: Value = serde_json::from_str(&line).context(line)?;
                if line["messages"].is_array() {
                    self.shown = line.clone();
                }
                if wanted(&line) {
                    return Ok(line);
                }
            }
            bail!("the chat has ended")
        };
        let found = timeout(PATIENCE, reading).await;
        found.with_context(|| format!("waiting for {what} took too long; it shows {}", self.shown))?
    }

    /// All that it shows.
    pub fn shown(&self) -> &Value {
        &self.shown
    }
}

/// The parts of the last message that a chat shows.
pub fn parts(shown: &Value) -> &[Value] {
    let last = shown["messages"].as_array().and_then(|messages| messages.last());
    last.and_then(|message| message["parts"].as_array()).map_or(&[], Vec::as_slice)
}

/// The parts of a kind in the last message that a chat shows.
pub fn parts_of<'a>(shown: &'a Value, kind: &str) -> Vec<&'a Value> {
    parts(shown).iter().filter(|part| part["type"] == kind).collect()
}
