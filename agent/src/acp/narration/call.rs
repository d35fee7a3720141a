//! One tool call of an agent: what is known of it, what of that has been told, and when the rest is.

use std::path::Path;
use std::time::{Duration, Instant};

use agent_client_protocol_schema::v1::{self as acp, ToolCallContent, ToolCallUpdateFields};
use octobot_wire::TurnId;
use octobot_wire::daemon::DaemonEventBody;
use octobot_wire::message::ToolCallStatus;
use octobot_wire::tool::{CallContent, Location, MAX_TEXT, ToolCallChange, ToolKind};
use serde_json::Value;

use crate::acp::translate;
use crate::output::Output;

/// Changes wait at least so long for further ones …
const WINDOW: Duration = Duration::from_millis(50);

/// … and longer the larger they are: agents repeat all of an input whenever a word is added to it.
const WINDOW_PER_KIB: Duration = Duration::from_millis(20);

/// A tool call.
#[derive(Debug)]
pub struct Call {
    turn_id: TurnId,
    part: u32,
    began: Instant,
    title: String,
    kind: ToolKind,
    raw_input: Value,
    input: String,
    content: Vec<CallContent>,
    locations: Vec<Location>,
    is_running: bool,
    /// How it ended, once it has.
    ended: Option<acp::ToolCallStatus>,
    has_told_end: bool,
    terminals: Vec<String>,
    has_printed: bool,
    /// What it printed, where that is given at its end.
    printed: Option<String>,
    /// What it prints, where that comes bit by bit with what else is told of it.
    stream: Option<Output>,
    /// What hasn't been told.
    waiting: ToolCallChange,
    /// When a change was last told.
    told: Option<Instant>,
}

impl Call {
    /// Begins a tool call with what is known of it at first, and tells so.
    pub fn start(
        turn_id: TurnId,
        part: u32,
        fields: &ToolCallUpdateFields,
        workspace: &Path,
        now: Instant,
    ) -> (Self, DaemonEventBody) {
        let mut call = Self {
            turn_id,
            part,
            began: now,
            title: String::new(),
            kind: ToolKind::Other,
            raw_input: Value::Null,
            input: String::new(),
            content: Vec::new(),
            locations: Vec::new(),
            is_running: false,
            ended: None,
            has_told_end: false,
            terminals: Vec::new(),
            has_printed: false,
            printed: None,
            stream: None,
            waiting: ToolCallChange::default(),
            told: None,
        };
        // Terminals are found again when the caller updates it with the same fields.
        call.update(fields, workspace);
        let ToolCallChange { content, locations, .. } = call.waiting;
        let status = (!call.is_running && call.ended.is_none()).then_some(ToolCallStatus::Pending);
        call.waiting = ToolCallChange { content, locations, status, ..ToolCallChange::default() };
        let (title, input, kind) = (call.title.clone(), call.input.clone(), call.kind);
        (call, DaemonEventBody::ToolCallStarted { turn_id, call: part, title, input, kind })
    }

    /// Its part.
    pub fn part(&self) -> u32 {
        self.part
    }

    /// What it does, in a line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whether it shows a terminal.
    pub fn shows(&self, terminal: &str) -> bool {
        self.terminals.iter().any(|known| known == terminal)
    }

    /// From now on it shows a terminal.
    pub fn show_terminal(&mut self, terminal: String) {
        self.terminals.push(terminal);
    }

    /// Something was printed in a terminal that it shows.
    pub fn output(&mut self, text: String) -> Option<DaemonEventBody> {
        self.has_printed |= !text.is_empty();
        (!text.is_empty()).then_some(DaemonEventBody::Output { turn_id: self.turn_id, call: self.part, text })
    }

    /// It printed something, which the agent tells itself.
    pub fn stream(&mut self, text: &str, now: Instant) -> Vec<DaemonEventBody> {
        self.has_printed |= !text.is_empty();
        let texts = self.stream.get_or_insert_with(Output::printed).push(text.as_bytes(), now);
        self.outputs(texts)
    }

    fn outputs(&self, texts: Vec<String>) -> Vec<DaemonEventBody> {
        let (turn_id, call) = (self.turn_id, self.part);
        texts.into_iter().map(|text| DaemonEventBody::Output { turn_id, call, text }).collect()
    }

    /// Takes what changed, and returns the terminals that it shows and didn't before.
    pub fn update(&mut self, fields: &ToolCallUpdateFields, workspace: &Path) -> Vec<String> {
        if let Some(kind) = fields.kind {
            change(&mut self.kind, translate::tool_kind(kind), &mut self.waiting.kind);
        }
        if let Some(title) = &fields.title {
            change(&mut self.title, translate::one_line(title), &mut self.waiting.title);
        }
        if let Some(input) = &fields.raw_input {
            self.raw_input = input.clone();
        }
        if fields.kind.is_some() || fields.raw_input.is_some() {
            let input = translate::tool_input(self.kind, &self.raw_input);
            change(&mut self.input, input, &mut self.waiting.input);
        }
        if let Some(locations) = &fields.locations {
            let locations = translate::locations(locations, workspace);
            change(&mut self.locations, locations, &mut self.waiting.locations);
        }
        let has_failed = fields.status == Some(acp::ToolCallStatus::Failed);
        let terminals = fields.content.as_deref().map(|content| self.take_content(content, has_failed, workspace));
        if let Some(status) = fields.status {
            self.take_status(status);
        }
        self.take_output(fields);
        terminals.unwrap_or_default()
    }

    fn take_content(&mut self, content: &[ToolCallContent], has_failed: bool, workspace: &Path) -> Vec<String> {
        let mut shown = translate::call_content(content, workspace);
        // Some show a change only when they ask for permission, and say at the end in words that it is made.
        let is_diff = |item: &CallContent| matches!(item, CallContent::Diff { .. });
        if !has_failed && !shown.iter().any(is_diff) {
            shown.splice(0..0, self.content.iter().filter(|item| is_diff(item)).cloned());
        }
        change(&mut self.content, shown, &mut self.waiting.content);
        let terminal = |item: &ToolCallContent| match item {
            ToolCallContent::Terminal(terminal) => Some(terminal.terminal_id.0.to_string()),
            _ => None,
        };
        content.iter().filter_map(terminal).filter(|terminal| !self.shows(terminal)).collect()
    }

    fn take_status(&mut self, status: acp::ToolCallStatus) {
        match status {
            acp::ToolCallStatus::InProgress if !self.is_running => {
                self.is_running = true;
                self.waiting.status = Some(ToolCallStatus::Running);
            }
            acp::ToolCallStatus::Completed | acp::ToolCallStatus::Failed => self.ended = Some(status),
            // Also what later versions of the protocol may have.
            _ => {}
        }
    }

    /// What a command printed is output, not Markdown, if the agent gives it as it is.
    fn take_output(&mut self, fields: &ToolCallUpdateFields) {
        let Some(output) = fields.raw_output.as_ref().and_then(printed) else { return };
        if self.kind == ToolKind::Execute && self.ended.is_some() && !self.has_printed {
            change(&mut self.content, Vec::new(), &mut self.waiting.content);
            self.has_printed = true;
            self.printed = Some(translate::cut(&output, MAX_TEXT).0.to_owned());
        }
    }

    /// When [`Call::tell`] is to be called, if ever.
    pub fn due(&self) -> Option<Instant> {
        self.change_due().into_iter().chain(self.stream.as_ref().and_then(Output::due)).min()
    }

    fn change_due(&self) -> Option<Instant> {
        let told = self.told.filter(|_| self.waiting != ToolCallChange::default())?;
        Some(told + WINDOW + WINDOW_PER_KIB * u32::try_from(self.size() / 1024).unwrap_or(u32::MAX))
    }

    /// About how large a change would be that tells everything.
    fn size(&self) -> usize {
        let size = |content: &CallContent| match content {
            CallContent::Text { text } => text.len(),
            CallContent::Diff { old, new, .. } => old.as_ref().map_or(0, String::len) + new.len(),
            CallContent::File(file) => file.data.len(),
        };
        self.input.len() + self.content.iter().map(size).sum::<usize>()
    }

    /// Tells what has waited long enough, and the end.
    pub fn tell(&mut self, now: Instant) -> Vec<DaemonEventBody> {
        match self.ended {
            Some(acp::ToolCallStatus::Completed) => {
                self.end(|duration_ms| ToolCallStatus::Completed { duration_ms }, now)
            }
            Some(_) => self.end(|duration_ms| ToolCallStatus::Failed { duration_ms }, now),
            None => {
                let texts = self.stream.as_mut().filter(|stream| stream.due().is_some_and(|due| due <= now));
                let texts = texts.map(|stream| stream.flush(now)).unwrap_or_default();
                let mut events = self.outputs(texts);
                if self.told.is_none() || self.change_due().is_some_and(|due| due <= now) {
                    events.extend(self.tell_all(now));
                }
                events
            }
        }
    }

    /// Tells what waits.
    pub fn tell_all(&mut self, now: Instant) -> Option<DaemonEventBody> {
        self.told = Some(now);
        let change = std::mem::take(&mut self.waiting);
        let is_news = change != ToolCallChange::default();
        is_news.then_some(DaemonEventBody::ToolCallChanged { turn_id: self.turn_id, call: self.part, change })
    }

    /// Tells everything that waits and the end, if it hasn't been told.
    pub fn end(&mut self, status: fn(u64) -> ToolCallStatus, now: Instant) -> Vec<DaemonEventBody> {
        self.waiting.status = None;
        let mut events: Vec<_> = self.tell_all(now).into_iter().collect();
        let (turn_id, call) = (self.turn_id, self.part);
        let rest = self.stream.take().map(|stream| stream.finish(now)).unwrap_or_default();
        events.extend(self.outputs(rest));
        events.extend(self.printed.take().map(|text| DaemonEventBody::Output { turn_id, call, text }));
        if !self.has_told_end {
            self.has_told_end = true;
            // A long turn has many calls, and hardly any of them changes after its end.
            self.content = Vec::new();
            self.raw_input = Value::Null;
            let duration_ms = u64::try_from(now.duration_since(self.began).as_millis()).unwrap_or(u64::MAX);
            events.push(DaemonEventBody::ToolCallEnded { turn_id, call, status: status(duration_ms) });
        }
        events
    }
}

fn change<T: Clone + PartialEq>(known: &mut T, new: T, waiting: &mut Option<T>) {
    if *known != new {
        known.clone_from(&new);
        *waiting = Some(new);
    }
}

/// What a command printed, in the forms in which agents give it.
fn printed(raw_output: &Value) -> Option<String> {
    match raw_output {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => ["formatted_output", "aggregated_output", "output", "stdout"]
            .iter()
            .find_map(|name| fields.get(*name)?.as_str())
            .map(str::to_owned),
        _ => None,
    }
}
