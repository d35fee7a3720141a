//! A turn as an AI SDK UI message: what of it is stored goes in, the chunks that a client hasn't got come out. Pure.
//!
//! What is told depends on what is stored and on what was told before, not on which events led there. So a client that
//! comes late or again is told the same, and nothing is told twice, however often this looks at the same parts.
//!
//! An SDK client answers a request for permission with a request of its own, and only when nothing of the message is
//! left open. So the stream ends when the agent asks, tool calls that neither ended nor ask are taken back until then,
//! and the stream that follows the answer tells the message from its beginning.

use std::collections::{BTreeMap, HashMap, HashSet};

use octobot_wire::plan::PlanEntry;
use octobot_wire::turn::TurnState;
use octobot_wire::{PartId, ProjectId, SessionId, TurnId};

use super::asked::Asked;
use super::call::Call;
use super::chunk::{Chunk, Failing, FinishReason, Metadata, Notice, Plan};
use crate::domain::{File, Part, PartContent, ToolCall, Turn};
use crate::services::{PartNews, TurnNews, file_address};

/// What one client has been told of a turn.
#[derive(Debug)]
pub(super) struct Telling {
    project: ProjectId,
    session: SessionId,
    turn: TurnId,
    /// Whether the client has something of the message already, which is told again.
    again: bool,
    has_begun: bool,
    /// The requests that this client has answered. Until that is stored, nobody is asked once more.
    answered: HashSet<u32>,
    /// What is being said or thought.
    prose: Option<Prose>,
    calls: HashMap<PartId, Call>,
    /// By their numbers.
    requests: BTreeMap<u32, Asked>,
    plan: Option<Vec<PlanEntry>>,
    /// Files, notices and errors, which never change.
    told: HashSet<PartId>,
}

/// What comes next.
#[derive(Debug, PartialEq)]
pub(super) enum Told {
    /// These chunks, and later others.
    More(Vec<Chunk>),
    /// These chunks, which are the last ones.
    Last(Vec<Chunk>),
    /// The same turn from its beginning, after [`Telling::start_over`]: something has to be taken back.
    Again,
}

#[derive(Debug, Clone, Copy)]
struct Prose {
    part: PartId,
    position: u32,
    is_thought: bool,
}

impl Telling {
    /// Tells a turn to a client that knows nothing of it.
    pub(super) fn new(project: ProjectId, session: SessionId, turn: TurnId) -> Self {
        Self {
            project,
            session,
            turn,
            again: false,
            has_begun: false,
            answered: HashSet::new(),
            prose: None,
            calls: HashMap::new(),
            requests: BTreeMap::new(),
            plan: None,
            told: HashSet::new(),
        }
    }

    /// Tells it to a client that has the message up to requests for permission, which it has answered.
    pub(super) fn after_answers(self, answered: impl IntoIterator<Item = u32>) -> Self {
        Self { again: true, answered: answered.into_iter().collect(), ..self }
    }

    /// Tells all of it again to the same client.
    pub(super) fn start_over(&mut self) {
        let again = self.again || self.has_begun;
        let answered = std::mem::take(&mut self.answered);
        *self = Self { again, answered, ..Self::new(self.project.clone(), self.session, self.turn) };
    }

    /// The turn that is told.
    pub(super) fn turn(&self) -> TurnId {
        self.turn
    }

    /// Tells what is new.
    pub(super) fn tell(&mut self, news: &TurnNews) -> Told {
        self.note(news);
        let waits = news.turn.state == TurnState::Waiting && self.calls.keys().any(|call| self.asks(*call));
        if waits && self.calls.iter().any(|(id, call)| call.is_told() && self.is_loose(*id, call)) {
            return Told::Again;
        }
        let mut chunks = self.begin();
        for part in &news.parts {
            self.tell_part(part, waits, &mut chunks);
        }
        if waits {
            self.end_prose(&mut chunks);
            chunks.extend(self.finish(FinishReason::ToolCalls, None));
        } else if news.turn.state.has_ended() {
            self.end_prose(&mut chunks);
            chunks.extend(self.end(&news.turn));
        } else {
            return Told::More(chunks);
        }
        Told::Last(chunks)
    }

    /// The prompt was deleted while it was queued.
    pub(super) fn tell_deleted(&mut self) -> Vec<Chunk> {
        let mut chunks = self.begin();
        chunks.push(Chunk::Abort { reason: "The prompt was deleted from the queue.".to_owned() });
        chunks.extend(self.finish(FinishReason::Interrupted, None));
        chunks
    }

    /// Takes over what decides how the rest is told.
    fn note(&mut self, news: &TurnNews) {
        for PartNews { part, text } in &news.parts {
            match &part.content {
                PartContent::ToolCall(call) => self.calls.entry(part.id).or_default().note(call, text),
                PartContent::Permission(permission) => {
                    let Some(number) = part.number else { continue };
                    let asked = self.requests.entry(number);
                    let asked = asked.or_insert_with(|| Asked::new(part.id, self.turn, number, permission.clone()));
                    asked.note(permission);
                }
                _ => {}
            }
        }
    }

    /// Whether the client has yet to answer whether a tool call may go on.
    fn asks(&self, call: PartId) -> bool {
        self.requests.values().any(|asked| asked.call() == Some(call) && asked.is_open(&self.answered))
    }

    /// Whether a tool call neither ended nor asks.
    fn is_loose(&self, id: PartId, call: &Call) -> bool {
        !call.has_ended() && !self.asks(id)
    }

    fn begin(&mut self) -> Vec<Chunk> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Vec::new();
        }
        let start = Chunk::Start { message_id: self.turn, message_metadata: self.metadata(None) };
        vec![start, if self.again { Chunk::ResetStep } else { Chunk::StartStep }]
    }

    fn tell_part(&mut self, PartNews { part, text }: &PartNews, waits: bool, chunks: &mut Vec<Chunk>) {
        // What is said goes on only as long as nothing follows it.
        if self.prose.is_some_and(|prose| prose.position < part.position) {
            self.end_prose(chunks);
        }
        let id = part.id;
        match &part.content {
            PartContent::Text { .. } => {}
            PartContent::Answer { .. } => self.say(part, false, text, chunks),
            PartContent::Reasoning { .. } => self.say(part, true, text, chunks),
            PartContent::ToolCall(call) => self.tell_call(id, call, !text.is_empty(), waits, chunks),
            PartContent::Plan { entries } => {
                if self.plan.as_ref() != Some(entries) {
                    self.plan = Some(entries.clone());
                    chunks.push(Chunk::DataPlan { id, data: Plan { entries: entries.clone() } });
                }
            }
            PartContent::Permission(_) => self.tell_request(part, chunks),
            PartContent::File(file) => {
                let (url, media_type) = (self.address(file), file.media_type.clone());
                self.tell_once(id, Chunk::File { url, media_type }, chunks);
            }
            PartContent::Notice { text } => {
                self.tell_once(id, Chunk::DataNotice { id, data: Notice { text: text.clone() } }, chunks);
            }
            PartContent::Error { text, credential } => {
                let data = Failing { text: text.clone(), credential: credential.clone() };
                self.tell_once(id, Chunk::DataError { id, data }, chunks);
            }
        }
    }

    /// Tells what never changes.
    fn tell_once(&mut self, id: PartId, chunk: Chunk, chunks: &mut Vec<Chunk>) {
        if self.told.insert(id) {
            chunks.push(chunk);
        }
    }

    fn say(&mut self, part: &Part, is_thought: bool, text: &str, chunks: &mut Vec<Chunk>) {
        let id = part.id;
        if text.is_empty() {
            return;
        }
        if self.prose.is_none_or(|prose| prose.part != id) {
            self.end_prose(chunks);
            self.prose = Some(Prose { part: id, position: part.position, is_thought });
            chunks.push(if is_thought { Chunk::ReasoningStart { id } } else { Chunk::TextStart { id } });
        }
        let delta = text.to_owned();
        chunks.push(if is_thought { Chunk::ReasoningDelta { id, delta } } else { Chunk::TextDelta { id, delta } });
    }

    fn end_prose(&mut self, chunks: &mut Vec<Chunk>) {
        if let Some(Prose { part: id, is_thought, .. }) = self.prose.take() {
            chunks.push(if is_thought { Chunk::ReasoningEnd { id } } else { Chunk::TextEnd { id } });
        }
    }

    /// Tells of a tool call: what is given to the tool, then whether it may run, then what it did.
    fn tell_call(&mut self, id: PartId, call: &ToolCall, grew: bool, waits: bool, chunks: &mut Vec<Chunk>) {
        let asks = self.asks(id);
        let Some(mut known) = self.calls.remove(&id) else { return };
        if !(waits && self.is_loose(id, &known)) {
            // While the agent asks, only the request matters; a change is told afterwards.
            let input = if asks && known.is_told() { None } else { known.tell_input(id, call) };
            let is_changed = input.is_some();
            chunks.extend(input);
            let mut is_denied = false;
            for asked in self.requests.values_mut().filter(|asked| asked.call() == Some(id)) {
                chunks.extend(asked.tell(id, &self.answered));
                is_denied |= asked.is_denied();
            }
            chunks.extend(known.tell_outcome(id, call, is_changed, is_denied, |file| self.address(file)));
            if grew && !asks {
                chunks.extend(known.tell_printed(id, call));
            }
        }
        self.calls.insert(id, known);
    }

    /// Tells of a request whose tool call wasn't just told of.
    fn tell_request(&mut self, part: &Part, chunks: &mut Vec<Chunk>) {
        let Some(asked) = part.number.and_then(|number| self.requests.get_mut(&number)) else { return };
        match asked.call().and_then(|call| Some((call, self.calls.get(&call)?.is_told()))) {
            Some((call, true)) => chunks.extend(asked.tell(call, &self.answered)),
            // It is told of with its tool call.
            Some((_, false)) => {}
            None => chunks.extend(asked.tell_alone(&self.answered)),
        }
    }

    fn address(&self, file: &File) -> String {
        file_address(&self.project, self.session, file.id)
    }

    /// How a turn ended.
    fn end(&self, turn: &Turn) -> Vec<Chunk> {
        let error = |text: &str| Some(Chunk::Error { error_text: text.to_owned() });
        let (before, reason) = match &turn.state {
            TurnState::Queued
            | TurnState::Delivered
            | TurnState::Running
            | TurnState::Waiting
            | TurnState::Completed => (None, FinishReason::Stop),
            TurnState::Cancelled => {
                (Some(Chunk::Abort { reason: "A user stopped the turn.".to_owned() }), FinishReason::Interrupted)
            }
            TurnState::Failed { reason } => (error(reason), FinishReason::Error),
            TurnState::Interrupted => (error("The sandbox went away while the turn ran."), FinishReason::Error),
        };
        before.into_iter().chain(self.finish(reason, Some(turn))).collect()
    }

    fn finish(&self, finish_reason: FinishReason, ended: Option<&Turn>) -> [Chunk; 2] {
        [Chunk::FinishStep, Chunk::Finish { finish_reason, message_metadata: self.metadata(ended) }]
    }

    fn metadata(&self, ended: Option<&Turn>) -> Metadata {
        Metadata { turn_id: self.turn, usage: ended.map(|turn| turn.usage) }
    }
}

#[cfg(test)]
mod tests;
