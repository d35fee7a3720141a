//! What an agent tells in a turn, as events of the log: parts get their numbers, text is gathered, tool calls are told by
//! what changed. Pure: updates and times in, events out.

mod call;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Instant;

use agent_client_protocol_schema::v1::{ContentBlock, MessageId, ToolCallId, ToolCallUpdate};
use octobot_wire::TurnId;
use octobot_wire::daemon::DaemonEventBody;
use octobot_wire::message::ToolCallStatus;
use octobot_wire::plan::PlanEntry;

use crate::acp::narration::call::Call;
use crate::acp::translate::{self, Block};
use crate::output::Output;

/// Of a terminal that no tool call shows yet so much output is kept for it.
const MAX_UNSHOWN: usize = 64 * 1024;

/// The telling of one turn.
#[derive(Debug)]
pub struct Narration {
    turn_id: TurnId,
    workspace: PathBuf,
    next_part: u32,
    prose: Option<Prose>,
    plan: Option<u32>,
    /// In the order in which they began.
    calls: Vec<Call>,
    ids: HashMap<ToolCallId, usize>,
    /// Output of terminals that no tool call shows yet.
    unshown: HashMap<String, String>,
}

/// What is being said or thought.
#[derive(Debug)]
struct Prose {
    part: u32,
    voice: Voice,
    message: Option<MessageId>,
    output: Output,
}

/// Whether the agent speaks or thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// It speaks.
    Text,
    /// It thinks.
    Reasoning,
}

impl Narration {
    /// Begins with a part.
    pub fn new(turn_id: TurnId, workspace: PathBuf, first_part: u32) -> Self {
        Self {
            turn_id,
            workspace,
            next_part: first_part,
            prose: None,
            plan: None,
            calls: Vec::new(),
            ids: HashMap::new(),
            unshown: HashMap::new(),
        }
    }

    /// The agent says or thinks something.
    pub fn chunk(
        &mut self,
        voice: Voice,
        message: Option<MessageId>,
        content: &ContentBlock,
        now: Instant,
    ) -> Vec<DaemonEventBody> {
        match translate::block(content) {
            Block::Text(text) if text.is_empty() => Vec::new(),
            Block::Text(text) => self.say(voice, message, &text, now),
            Block::File(file) => {
                let mut events = self.end_prose(now);
                events.push(DaemonEventBody::File { turn_id: self.turn_id, part: self.take_part(), file });
                events
            }
        }
    }

    fn say(&mut self, voice: Voice, message: Option<MessageId>, text: &str, now: Instant) -> Vec<DaemonEventBody> {
        let goes_on = self.prose.as_ref().is_some_and(|prose| prose.voice == voice && prose.message == message);
        let mut events = if goes_on { Vec::new() } else { self.end_prose(now) };
        if self.prose.is_none() {
            let part = self.take_part();
            self.prose = Some(Prose { part, voice, message, output: Output::said() });
        }
        if let Some(prose) = &mut self.prose {
            let texts = prose.output.push(text.as_bytes(), now);
            events.extend(texts.into_iter().map(|text| prose_event(self.turn_id, prose.part, voice, text)));
        }
        events
    }

    /// What is said from now on is a part of its own.
    fn end_prose(&mut self, now: Instant) -> Vec<DaemonEventBody> {
        let Some(Prose { part, voice, output, .. }) = self.prose.take() else { return Vec::new() };
        output.finish(now).into_iter().map(|text| prose_event(self.turn_id, part, voice, text)).collect()
    }

    /// The agent's plan.
    pub fn plan(&mut self, entries: Vec<PlanEntry>, now: Instant) -> Vec<DaemonEventBody> {
        let mut events = if self.plan.is_none() { self.end_prose(now) } else { Vec::new() };
        let part = self.plan.unwrap_or_else(|| self.take_part());
        self.plan = Some(part);
        events.push(DaemonEventBody::Plan { turn_id: self.turn_id, part, entries });
        events
    }

    /// Something that the user should know.
    pub fn notice(&mut self, text: String, now: Instant) -> Vec<DaemonEventBody> {
        let mut events = self.end_prose(now);
        events.push(DaemonEventBody::Notice { turn_id: self.turn_id, part: self.take_part(), text });
        events
    }

    /// A tool call begins or changes. Agents may leave out its beginning.
    pub fn tool_call(&mut self, update: &ToolCallUpdate, now: Instant) -> Vec<DaemonEventBody> {
        let mut events = Vec::new();
        let index = if let Some(&index) = self.ids.get(&update.tool_call_id) {
            index
        } else {
            events.extend(self.end_prose(now));
            let part = self.take_part();
            let (call, event) = Call::start(self.turn_id, part, &update.fields, &self.workspace, now);
            events.push(event);
            self.calls.push(call);
            self.ids.insert(update.tool_call_id.clone(), self.calls.len() - 1);
            self.calls.len() - 1
        };
        let call = &mut self.calls[index];
        if let Some(text) = update.meta.as_ref().and_then(translate::printed) {
            events.extend(call.stream(text, now));
        }
        for terminal in call.update(&update.fields, &self.workspace) {
            let unshown = self.unshown.remove(&terminal).unwrap_or_default();
            call.show_terminal(terminal);
            events.extend(call.output(unshown));
        }
        events.extend(call.tell(now));
        events
    }

    /// Begins a request for permission, and returns its part and the tool call's. All that is known of the tool call is
    /// told before.
    pub fn permission(&mut self, update: &ToolCallUpdate, now: Instant) -> (u32, u32, String, Vec<DaemonEventBody>) {
        let mut events = self.tool_call(update, now);
        let call = &mut self.calls[self.ids[&update.tool_call_id]];
        events.extend(call.tell_all(now));
        let (part, title) = (call.part(), call.title().to_owned());
        events.extend(self.end_prose(now));
        (self.take_part(), part, title, events)
    }

    /// Begins a question, and returns its part and that of the tool call that it is about.
    pub fn question(&mut self, call: Option<&ToolCallId>, now: Instant) -> (u32, Option<u32>, Vec<DaemonEventBody>) {
        let call = call.and_then(|id| self.ids.get(id)).map(|&index| self.calls[index].part());
        let events = self.end_prose(now);
        (self.take_part(), call, events)
    }

    /// A terminal printed something.
    pub fn terminal_output(&mut self, terminal: &str, text: String) -> Option<DaemonEventBody> {
        if let Some(call) = self.calls.iter_mut().find(|call| call.shows(terminal)) {
            return call.output(text);
        }
        let unshown = self.unshown.entry(terminal.to_owned()).or_default();
        if unshown.len() < MAX_UNSHOWN {
            unshown.push_str(&text);
        }
        None
    }

    /// When [`Narration::tick`] is to be called, if ever.
    pub fn due(&self) -> Option<Instant> {
        let prose = self.prose.as_ref().and_then(|prose| prose.output.due());
        self.calls.iter().filter_map(Call::due).chain(prose).min()
    }

    /// Tells what has waited long enough.
    pub fn tick(&mut self, now: Instant) -> Vec<DaemonEventBody> {
        let mut events = Vec::new();
        if let Some(prose) = self.prose.as_mut().filter(|prose| prose.output.due().is_some_and(|due| due <= now)) {
            let texts = prose.output.flush(now);
            events.extend(texts.into_iter().map(|text| prose_event(self.turn_id, prose.part, prose.voice, text)));
        }
        events.extend(self.calls.iter_mut().flat_map(|call| call.tell(now)));
        events
    }

    /// Tells all that is left, and ends the tool calls that the agent hasn't ended.
    pub fn finish(mut self, status: fn(u64) -> ToolCallStatus, now: Instant) -> Vec<DaemonEventBody> {
        let mut events = self.end_prose(now);
        for call in &mut self.calls {
            events.extend(call.tell_all(now));
            events.extend(call.end(status, now));
        }
        events
    }

    fn take_part(&mut self) -> u32 {
        let part = self.next_part;
        self.next_part += 1;
        part
    }
}

fn prose_event(turn_id: TurnId, part: u32, voice: Voice, text: String) -> DaemonEventBody {
    match voice {
        Voice::Text => DaemonEventBody::Text { turn_id, part, text },
        Voice::Reasoning => DaemonEventBody::Reasoning { turn_id, part, text },
    }
}

#[cfg(test)]
mod tests;
