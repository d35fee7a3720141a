//! From the daemon's event log to the transcript: each event once, in order, in the transaction that remembers its
//! number.

use std::collections::HashMap;

use octobot_wire::daemon::{DaemonEvent, DaemonEventBody, TurnOutcome};
use octobot_wire::event::Change;
use octobot_wire::message::{
    Message as WireMessage, MessageRole, Output, Part as WirePart, PartBody, ToolCall, ToolCallStatus,
};
use octobot_wire::turn::TurnState;
use octobot_wire::{MessageId, PartId, ProjectId, SessionId, Timestamp, TurnId};

use super::transcript::{rendered, tail_of};
use super::{Core, ServiceError};
use crate::domain::{JobKind, PartContent, Session};
use crate::render::AnsiRenderer;
use crate::store::Tx;

/// Why events can't be applied.
#[derive(Debug, thiserror::Error)]
pub(super) enum IngestError {
    /// The session is gone, so nobody needs them.
    #[error("the session was deleted")]
    SessionGone,
    /// They don't follow what the transcript includes: another follower was quicker, or the log was lost.
    #[error("event {got} came where event {expected} was expected")]
    OutOfStep {
        /// The number that would have followed.
        expected: u64,
        /// The number that came.
        got: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<crate::store::StoreError> for IngestError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Service(error.into())
    }
}

/// Applies the events of one session. Holds what is derivable from the store, so that it needn't be read each time.
pub(super) struct Ingest {
    session: SessionId,
    calls: HashMap<(TurnId, u32), Call>,
}

/// A tool call that prints.
struct Call {
    part: PartId,
    renderer: AnsiRenderer,
}

impl Ingest {
    pub(super) fn new(session: SessionId) -> Self {
        Self { session, calls: HashMap::new() }
    }

    /// Applies events in one transaction; those that the transcript includes already are passed over.
    pub(super) async fn apply(&mut self, core: &Core, events: &[DaemonEvent]) -> Result<(), IngestError> {
        let result = self.apply_all(core, events).await;
        if result.is_err() {
            // What was rendered may not have been committed: read it again.
            self.calls.clear();
        }
        result
    }

    async fn apply_all(&mut self, core: &Core, events: &[DaemonEvent]) -> Result<(), IngestError> {
        let mut tx = core.store.begin().await?;
        let session = tx.session_by_id(self.session).await?.ok_or(IngestError::SessionGone)?;
        let known = session.daemon_events;
        let fresh = &events[events.partition_point(|event| event.number <= known)..];
        let (Some(first), Some(last)) = (fresh.first(), fresh.last()) else { return Ok(()) };
        if first.number != known + 1 || !tx.advance_daemon_events(self.session, known, last.number).await? {
            return Err(IngestError::OutOfStep { expected: known + 1, got: first.number });
        }
        let mut batch = Batch { core, tx, session };
        let mut turn_ended = false;
        for run in runs(fresh) {
            turn_ended |= matches!(run.event.body, DaemonEventBody::TurnEnded { .. });
            self.apply_run(&mut batch, &run).await?;
        }
        let Batch { mut tx, session, .. } = batch;
        if turn_ended {
            let subject = session.id.uuid();
            tx.enqueue(JobKind::Session, subject, core.now()).await?;
            core.commit_and_run(tx, JobKind::Session, subject).await?;
        } else {
            core.commit(tx).await?;
        }
        Ok(())
    }

    async fn apply_run(&mut self, batch: &mut Batch<'_>, run: &Run<'_>) -> Result<(), ServiceError> {
        let at = run.event.at;
        match &run.event.body {
            DaemonEventBody::TurnStarted { turn_id } => batch.turn_started(*turn_id, at).await,
            DaemonEventBody::ToolCallStarted { turn_id, call, title, input } => {
                let part = batch.tool_call_started(*turn_id, *call, title, input, at).await?;
                self.calls.insert((*turn_id, *call), Call { part, renderer: AnsiRenderer::new() });
                Ok(())
            }
            DaemonEventBody::Output { turn_id, call, .. } => {
                let call = self.call(batch, *turn_id, *call).await?;
                batch.output(call, &run.text).await
            }
            DaemonEventBody::ToolCallEnded { turn_id, call, status } => {
                let part = self.call(batch, *turn_id, *call).await?.part;
                self.calls.remove(&(*turn_id, *call));
                batch.tool_call_ended(part, *status).await
            }
            DaemonEventBody::TurnEnded { turn_id, outcome } => batch.turn_ended(*turn_id, outcome, at).await,
        }
    }

    /// The tool call with what it has printed so far, read from the store where it isn't at hand.
    async fn call(&mut self, batch: &mut Batch<'_>, turn: TurnId, call: u32) -> Result<&mut Call, ServiceError> {
        use std::collections::hash_map::Entry;
        match self.calls.entry((turn, call)) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let (_, part) =
                    batch.tx.tool_call_part(turn, call).await?.ok_or(ServiceError::NotFound("tool call"))?;
                let mut renderer = AnsiRenderer::new();
                renderer.push(&batch.tx.output_text(part).await?);
                Ok(entry.insert(Call { part, renderer }))
            }
        }
    }
}

/// An event, or a run of output events of one tool call as one.
struct Run<'a> {
    event: &'a DaemonEvent,
    text: String,
}

/// Joins neighbouring output of the same tool call, so that a burst costs one row and one event.
fn runs(events: &[DaemonEvent]) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    for event in events {
        let DaemonEventBody::Output { turn_id, call, text } = &event.body else {
            runs.push(Run { event, text: String::new() });
            continue;
        };
        match runs.last_mut() {
            Some(Run {
                event: DaemonEvent { body: DaemonEventBody::Output { turn_id: t, call: c, .. }, .. },
                text: so_far,
            }) if t == turn_id && c == call => {
                so_far.push_str(text);
            }
            _ => runs.push(Run { event, text: text.clone() }),
        }
    }
    runs
}

/// One transaction's worth of changes to a session's transcript.
struct Batch<'a> {
    core: &'a Core,
    tx: Tx,
    session: Session,
}

impl Batch<'_> {
    fn project(&self) -> ProjectId {
        self.session.project_id.clone()
    }

    fn record(&mut self, change: Change) {
        let project = self.project();
        self.tx.record(&project, change);
    }

    async fn turn_started(&mut self, turn_id: TurnId, at: Timestamp) -> Result<(), ServiceError> {
        let turn = self.tx.turn(self.session.id, turn_id).await?.ok_or(ServiceError::NotFound("turn"))?;
        let turn = turn.started(at)?;
        self.tx.update_turn(&turn).await?;
        self.record(Change::Turn { turn: turn.to_wire() });
        let message = self.add_message(turn_id, MessageRole::User, at).await?;
        self.add_part(message, PartContent::Text { text: turn.prompt }).await?;
        self.set_turn_runs(true, at).await
    }

    async fn tool_call_started(
        &mut self,
        turn_id: TurnId,
        call: u32,
        title: &str,
        input: &str,
        at: Timestamp,
    ) -> Result<PartId, ServiceError> {
        let message = self.agent_message(turn_id, at).await?;
        let content = PartContent::ToolCall {
            call,
            title: title.to_owned(),
            input: input.to_owned(),
            status: ToolCallStatus::Running,
            tail: None,
        };
        self.add_part(message, content).await
    }

    async fn output(&mut self, call: &mut Call, text: &str) -> Result<(), ServiceError> {
        self.tx.append_output(call.part, text).await?;
        if let Some(splice) = call.renderer.push(text) {
            let session_id = self.session.id;
            self.record(Change::Output { session_id, part_id: call.part, from: splice.from, lines: splice.lines });
        }
        Ok(())
    }

    async fn tool_call_ended(&mut self, part: PartId, status: ToolCallStatus) -> Result<(), ServiceError> {
        let tail = tail_of(&rendered(&self.tx.output_text(part).await?));
        self.tx.end_tool_call(part, status, &tail).await?;
        let session_id = self.session.id;
        self.record(Change::ToolCallStatus { session_id, part_id: part, status });
        Ok(())
    }

    async fn turn_ended(&mut self, turn_id: TurnId, outcome: &TurnOutcome, at: Timestamp) -> Result<(), ServiceError> {
        let state = match outcome {
            TurnOutcome::Completed => TurnState::Completed,
            TurnOutcome::Cancelled => TurnState::Cancelled,
            TurnOutcome::Failed { reason } => TurnState::Failed { reason: reason.clone() },
            TurnOutcome::Interrupted => TurnState::Interrupted,
        };
        let turn = self.tx.turn(self.session.id, turn_id).await?.ok_or(ServiceError::NotFound("turn"))?;
        if let TurnOutcome::Failed { reason } = outcome {
            let message = self.agent_message(turn_id, at).await?;
            self.add_part(message, PartContent::Error { text: reason.clone() }).await?;
        }
        // A session that was stopped by force has its turn ended already; the daemon tells of it later.
        if !turn.state.has_ended() {
            let turn = turn.ended(state, at)?;
            self.tx.update_turn(&turn).await?;
            self.record(Change::Turn { turn: turn.to_wire() });
        }
        self.set_turn_runs(false, at).await
    }

    async fn agent_message(&mut self, turn_id: TurnId, at: Timestamp) -> Result<MessageId, ServiceError> {
        match self.tx.agent_message(turn_id).await? {
            Some(id) => Ok(id),
            None => self.add_message(turn_id, MessageRole::Agent, at).await,
        }
    }

    async fn add_message(
        &mut self,
        turn_id: TurnId,
        role: MessageRole,
        at: Timestamp,
    ) -> Result<MessageId, ServiceError> {
        let id = MessageId::new(self.core.fresh());
        let message = self.tx.insert_message(id, self.session.id, turn_id, role, at).await?;
        self.record(Change::Message {
            message: WireMessage {
                id,
                session_id: self.session.id,
                turn_id,
                number: message.number,
                role,
                created_at: at,
                parts: Vec::new(),
            },
        });
        Ok(id)
    }

    async fn add_part(&mut self, message_id: MessageId, content: PartContent) -> Result<PartId, ServiceError> {
        let id = PartId::new(self.core.fresh());
        self.tx.insert_part(message_id, id, &content).await?;
        let body = match content {
            PartContent::Text { text } => PartBody::Text { text },
            PartContent::Error { text } => PartBody::Error { text },
            PartContent::ToolCall { call: _, title, input, status, tail } => {
                PartBody::ToolCall(ToolCall { title, input, status, output: tail.unwrap_or_else(Output::default) })
            }
        };
        let session_id = self.session.id;
        self.record(Change::Part { session_id, message_id, part: WirePart { id, body } });
        Ok(id)
    }

    async fn set_turn_runs(&mut self, runs: bool, at: Timestamp) -> Result<(), ServiceError> {
        self.session = self.session.clone().turn_runs(runs, at);
        self.tx.update_session(&self.session).await?;
        let session = self.session.to_wire();
        self.record(Change::Session { session });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(number: u64, call: u32, text: &str) -> DaemonEvent {
        let turn_id = TurnId::new(uuid::Uuid::from_u128(1));
        let body = DaemonEventBody::Output { turn_id, call, text: text.to_owned() };
        DaemonEvent { number, at: Timestamp(0), body }
    }

    #[test]
    fn neighbouring_output_of_one_call_becomes_one_run() {
        let events = [output(1, 0, "a"), output(2, 0, "b"), output(3, 1, "c"), output(4, 0, "d")];
        let texts: Vec<_> = runs(&events).into_iter().map(|run| run.text).collect();
        assert_eq!(texts, ["ab", "c", "d"]);
    }
}
