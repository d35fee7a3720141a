//! From the daemon's event log to the transcript: each event once, in order, in the transaction that remembers its
//! number.
//!
//! Here is what decides which event does what; `batch` changes the transcript, `call` knows tool calls, `permission`
//! requests for permission, and `close` what is left when a turn ends.

mod batch;
mod call;
mod close;
mod grown;
mod permission;
mod runs;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use octobot_wire::daemon::{DaemonEvent, DaemonEventBody};
use octobot_wire::event::Change;
use octobot_wire::{SessionId, TurnId};

use self::batch::Batch;
pub(crate) use self::close::close_parts;
use self::grown::{Grown, Growth};
use self::runs::{Run, runs};
use super::{Core, ServiceError};
use crate::domain::{JobKind, PartContent};

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
    grown: HashMap<(TurnId, u32), Grown>,
}

impl Ingest {
    pub(super) fn new(session: SessionId) -> Self {
        Self { session, grown: HashMap::new() }
    }

    /// Applies events in one transaction; those that the transcript includes already are passed over. Answers with the turn that is to
    /// be let go once what holds for agents is in force.
    pub(super) async fn apply(&mut self, core: &Core, events: &[DaemonEvent]) -> Result<Option<TurnId>, IngestError> {
        let result = self.apply_all(core, events).await;
        if result.is_err() {
            // What was rendered may not have been committed: read it again.
            self.grown.clear();
        }
        result
    }

    async fn apply_all(&mut self, core: &Core, events: &[DaemonEvent]) -> Result<Option<TurnId>, IngestError> {
        let mut tx = core.store.begin().await?;
        let session = tx.session_by_id(self.session).await?.ok_or(IngestError::SessionGone)?;
        let known = session.daemon_events;
        let fresh = &events[events.partition_point(|event| event.number <= known)..];
        let (Some(first), Some(last)) = (fresh.first(), fresh.last()) else { return Ok(None) };
        if first.number != known + 1 || !tx.advance_daemon_events(self.session, known, last.number).await? {
            return Err(IngestError::OutOfStep { expected: known + 1, got: first.number });
        }
        let mut batch = Batch { core, tx, session, let_go: None };
        let mut turn_ended = false;
        for run in runs(fresh) {
            turn_ended |= matches!(run.event.body, DaemonEventBody::TurnEnded { .. });
            self.apply_run(&mut batch, &run).await?;
        }
        let Batch { mut tx, session, let_go, .. } = batch;
        if turn_ended {
            let subject = session.id.uuid();
            tx.enqueue(JobKind::Session, subject, core.now()).await?;
            core.commit_and_run(tx, JobKind::Session, subject).await?;
        } else {
            core.commit(tx).await?;
        }
        Ok(let_go)
    }

    async fn apply_run(&mut self, batch: &mut Batch<'_>, run: &Run<'_>) -> Result<(), ServiceError> {
        use DaemonEventBody as Body;
        let at = run.event.at;
        match &run.event.body {
            Body::Output { turn_id, call, .. } => self.grow(batch, *turn_id, *call, Growth::Output, run).await,
            Body::Text { turn_id, part, .. } => self.grow(batch, *turn_id, *part, Growth::Answer, run).await,
            Body::Reasoning { turn_id, part, .. } => self.grow(batch, *turn_id, *part, Growth::Reasoning, run).await,
            Body::TurnStarted { turn_id } => batch.turn_started(*turn_id, at).await,
            Body::SetUp { turn_id } => batch.set_up(*turn_id).await,
            Body::ToolCallStarted { turn_id, call, title, input, kind } => {
                batch.tool_call_started(*turn_id, *call, (*kind, title, input), at).await
            }
            Body::ToolCallChanged { turn_id, call, change } => batch.tool_call_changed(*turn_id, *call, change).await,
            Body::ToolCallEnded { turn_id, call, status } => {
                self.grown.remove(&(*turn_id, *call));
                batch.tool_call_ended(*turn_id, *call, *status).await
            }
            Body::File { turn_id, part, file } => batch.file(*turn_id, *part, file, at).await,
            Body::Plan { turn_id, part, entries } => {
                batch.put_part(*turn_id, *part, PartContent::Plan { entries: entries.clone() }, at).await
            }
            Body::Notice { turn_id, part, text } => {
                batch.put_part(*turn_id, *part, PartContent::Notice { text: batch::storable(text) }, at).await
            }
            Body::PermissionRequested { turn_id, part, call, title, options, fields } => {
                batch.permission_requested(*turn_id, *part, (*call, title, options, fields), at).await
            }
            Body::PermissionAnswered { turn_id, part, option, values } => {
                batch.permission_answered(*turn_id, *part, option.as_deref(), values).await
            }
            Body::TurnUsage { turn_id, usage } => batch.turn_usage(*turn_id, *usage).await,
            Body::Settings { settings } => batch.agent_told(|state| state.settings.clone_from(settings)).await,
            Body::Commands { commands } => batch.agent_told(|state| state.commands.clone_from(commands)).await,
            Body::Context { context } => batch.agent_told(|state| state.context = Some(*context)).await,
            Body::CodeChanged => {
                batch.record(Change::CodeChanged { session_id: self.session });
                Ok(())
            }
            Body::TerminalsChanged => {
                batch.record(Change::TerminalsChanged { session_id: self.session });
                Ok(())
            }
            // Threads are the daemon's affair, and a session is named after its first prompt.
            Body::Thread { .. } | Body::ThreadTitle { .. } => Ok(()),
            Body::TurnEnded { turn_id, outcome } => {
                self.grown.retain(|(turn, _), _| turn != turn_id);
                batch.turn_ended(*turn_id, outcome, at).await
            }
        }
    }

    /// Adds a run's text to a part that grows.
    async fn grow(
        &mut self,
        batch: &mut Batch<'_>,
        turn: TurnId,
        number: u32,
        growth: Growth,
        run: &Run<'_>,
    ) -> Result<(), ServiceError> {
        use std::collections::hash_map::Entry;
        let grown = match self.grown.entry((turn, number)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(batch.grown(turn, number, growth, run.event.at).await?),
        };
        batch.append(grown, &run.text).await
    }
}
