//! What a client has been told of one tool call, and what it is told next. Pure.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use octobot_wire::PartId;
use octobot_wire::message::ToolCallStatus;
use octobot_wire::tool::ToolKind;
use serde_json::{Value, json};

use super::chunk::{CallOutput, Chunk, Shown, ToolInput};
use crate::domain::{CallItem, Diff, File, ToolCall};
use crate::render::plain_text;

/// So much of what a tool call printed is told at its end, in bytes.
const MAX_PRINTED: usize = 16 * 1024;

/// So much of it is told again and again while it runs.
const MAX_PRELIMINARY: usize = 4 * 1024;

/// A tool call as far as a client knows it.
#[derive(Debug, Default)]
pub(super) struct Call {
    /// The end of what it printed.
    printed: String,
    /// Whether it printed more than that.
    is_cut: bool,
    /// What was told of its input.
    input: Option<ToolInput>,
    /// Stands for what was told of its end.
    outcome: Option<u64>,
    /// Whether it has ended, told or not.
    has_ended: bool,
}

impl Call {
    /// Takes what is new in it.
    pub(super) fn note(&mut self, call: &ToolCall, text: &str) {
        self.has_ended = call.status.has_ended();
        self.printed.push_str(text);
        let kept = tail(&self.printed, MAX_PRINTED).len();
        self.is_cut |= kept < self.printed.len();
        self.printed.drain(..self.printed.len() - kept);
    }

    /// Whether the client knows of it.
    pub(super) fn is_told(&self) -> bool {
        self.input.is_some()
    }

    /// Whether nothing more comes of it.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Tells what is given to the tool, if the client doesn't know it.
    pub(super) fn tell_input(&mut self, id: PartId, call: &ToolCall) -> Option<Chunk> {
        let is_known = call.status != ToolCallStatus::Pending || !call.input.is_empty();
        let input = ToolInput {
            tool_call_id: id,
            tool_name: call.tool,
            title: call.title.clone(),
            input: is_known.then(|| input(call.tool, &call.input)),
            dynamic: true,
            provider_executed: true,
        };
        if self.input.as_ref() == Some(&input) {
            return None;
        }
        self.input = Some(input.clone());
        Some(if is_known { Chunk::ToolInputAvailable(input) } else { Chunk::ToolInputStart(input) })
    }

    /// Tells how it ended, if it has and the client doesn't know it. An input that was told after the outcome has taken
    /// it back.
    pub(super) fn tell_outcome(
        &mut self,
        id: PartId,
        call: &ToolCall,
        is_taken_back: bool,
        is_denied: bool,
        address: impl Fn(&File) -> String,
    ) -> Option<Chunk> {
        if !call.status.has_ended() {
            return None;
        }
        let outcome = self.outcome_of(id, call, is_denied, address);
        let fingerprint = fingerprint(&outcome);
        let is_known = self.outcome.replace(fingerprint) == Some(fingerprint) && !is_taken_back;
        (!is_known).then_some(outcome)
    }

    /// Tells what it printed last, while it runs.
    pub(super) fn tell_printed(&self, id: PartId, call: &ToolCall) -> Option<Chunk> {
        let printed = tail(&self.printed, MAX_PRELIMINARY);
        let output = CallOutput {
            status: call.status,
            printed: printed.to_owned(),
            truncated: self.is_cut || printed.len() < self.printed.len(),
            content: Vec::new(),
            locations: Vec::new(),
        };
        let chunk = Chunk::ToolOutputAvailable { tool_call_id: id, output, dynamic: true, preliminary: true };
        (!call.status.has_ended()).then_some(chunk)
    }

    fn outcome_of(&self, id: PartId, call: &ToolCall, is_denied: bool, address: impl Fn(&File) -> String) -> Chunk {
        let failure = match call.status {
            ToolCallStatus::Pending
            | ToolCallStatus::Running
            | ToolCallStatus::Completed { .. }
            | ToolCallStatus::Exited { .. } => None,
            ToolCallStatus::Failed { .. } => Some("The tool failed.".to_owned()),
            ToolCallStatus::Killed { signal, .. } => Some(format!("Signal {signal} ended it.")),
            ToolCallStatus::Cancelled { .. } => Some("A user stopped it.".to_owned()),
            ToolCallStatus::Interrupted => Some("The sandbox went away while it ran.".to_owned()),
        };
        let content = call.content.iter().map(|item| shown(item, &address)).collect();
        match failure {
            Some(_) if is_denied => Chunk::ToolOutputDenied { tool_call_id: id },
            Some(reason) => {
                let error_text = self.failure(reason, content);
                Chunk::ToolOutputError { tool_call_id: id, error_text, dynamic: true }
            }
            None => {
                let output = CallOutput {
                    status: call.status,
                    printed: self.printed.clone(),
                    truncated: self.is_cut,
                    content,
                    locations: call.locations.clone(),
                };
                Chunk::ToolOutputAvailable { tool_call_id: id, output, dynamic: true, preliminary: false }
            }
        }
    }

    /// Why it failed, with what it said.
    fn failure(&self, reason: String, content: Vec<Shown>) -> String {
        let mut said = vec![reason];
        said.extend(content.into_iter().filter_map(|shown| match shown {
            Shown::Text { text } => Some(text),
            Shown::Diff { .. } | Shown::File { .. } => None,
        }));
        said.extend((!self.printed.is_empty()).then(|| self.printed.clone()));
        said.join("\n")
    }
}

/// What is given to a tool, as an object.
fn input(tool: ToolKind, input: &str) -> Value {
    if input.is_empty() {
        return json!({});
    }
    if tool == ToolKind::Execute {
        return json!({ "command": input });
    }
    match serde_json::from_str(input) {
        Ok(object @ Value::Object(_)) => object,
        Ok(value) => json!({ "input": value }),
        // Long texts in it have been cut off.
        Err(_) => json!({ "input": input }),
    }
}

fn shown(item: &CallItem, address: impl Fn(&File) -> String) -> Shown {
    match item {
        CallItem::Text { text, .. } => Shown::Text { text: text.clone() },
        CallItem::Diff(Diff { path, added, removed, lines, truncated }) => Shown::Diff {
            path: path.clone(),
            added: *added,
            removed: *removed,
            patch: lines.iter().map(|line| plain_text(line) + "\n").collect(),
            truncated: *truncated,
        },
        CallItem::File(file) => {
            Shown::File { name: file.name.clone(), media_type: file.media_type.clone(), url: address(file) }
        }
    }
}

/// The end of a text, at most so many bytes.
fn tail(text: &str, max: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(max))..]
}

/// A number that is another one when a chunk is another one. Chunks themselves would take much memory.
fn fingerprint(chunk: &Chunk) -> u64 {
    let mut bytes = Vec::new();
    chunk.push_to(&mut bytes);
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
