//! What is new in a turn since somebody looked last: for whoever follows one turn as text, as programs do.
//!
//! Who follows looks again whenever an event tells that something happened. What is found comes from the store alone, so
//! it doesn't matter which events came, or whether some were missed.

use std::collections::{BTreeSet, HashMap};

use octobot_app::ports::Caller;
use octobot_wire::{PartId, ProjectId, SessionId, TurnId};

use super::{ServiceError, SessionService};
use crate::domain::{Part, PartContent, Turn};
use crate::store::Tx;

/// What is new in a turn.
#[derive(Debug)]
pub struct TurnNews {
    /// The turn as it is now.
    pub turn: Turn,
    /// The parts of the agent's message that may have changed, in order.
    pub parts: Vec<PartNews>,
}

/// A part that may have changed.
#[derive(Debug)]
pub struct PartNews {
    /// The part as it is now.
    pub part: Part,
    /// What was said, thought or printed since.
    pub text: String,
}

/// How far somebody has looked.
#[derive(Debug, Default)]
pub struct NewsCursor {
    /// The position of the last part, which may still grow.
    last: u32,
    /// The numbers of earlier parts that may still change.
    open: BTreeSet<u32>,
    /// How much of each part's text is known.
    chunks: HashMap<PartId, u64>,
}

impl SessionService {
    /// The turn that somebody wants to follow: the wanted one, else the one that runs, else the one that runs next.
    pub async fn turn_to_follow(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        wanted: Option<TurnId>,
    ) -> Result<Option<TurnId>, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.find(&mut tx, caller, project, id).await?;
        if let Some(wanted) = wanted {
            let turn = tx.turn(id, wanted).await?.ok_or(ServiceError::NotFound("turn"))?;
            return Ok(Some(turn.id));
        }
        // In the order in which they run, so the one that runs is the first.
        Ok(tx.open_turns(id).await?.first().map(|turn| turn.id))
    }

    /// What is new in a turn; none when it was deleted.
    pub async fn turn_news(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        turn: TurnId,
        cursor: &mut NewsCursor,
    ) -> Result<Option<TurnNews>, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.find(&mut tx, caller, project, id).await?;
        let Some(turn) = tx.turn(id, turn).await? else { return Ok(None) };
        let parts = cursor.read(&mut tx, &turn).await?;
        Ok(Some(TurnNews { turn, parts }))
    }
}

impl NewsCursor {
    pub(super) async fn read(&mut self, tx: &mut Tx, turn: &Turn) -> Result<Vec<PartNews>, ServiceError> {
        let mut parts = Vec::new();
        if turn.state.has_ended() {
            // A last look at everything: a tool call may have changed after its end.
            self.last = 0;
        } else {
            for number in &self.open {
                let part = tx.part(turn.id, *number).await?.map(|(_, part)| part);
                parts.extend(part.filter(|part| part.position < self.last));
            }
        }
        parts.extend(tx.agent_parts(turn.id, self.last).await?);
        parts.sort_by_key(|part| part.position);
        self.open = parts.iter().filter(|part| may_change(part)).filter_map(|part| part.number).collect();
        self.last = parts.last().map_or(self.last, |part| part.position);
        let mut news = Vec::with_capacity(parts.len());
        for part in parts {
            let text = self.text(tx, &part).await?;
            news.push(PartNews { part, text });
        }
        Ok(news)
    }

    /// What a part's text has grown by.
    async fn text(&mut self, tx: &mut Tx, part: &Part) -> Result<String, ServiceError> {
        if !matches!(
            part.content,
            PartContent::Answer { .. } | PartContent::Reasoning { .. } | PartContent::ToolCall(_)
        ) {
            return Ok(String::new());
        }
        let known = self.chunks.entry(part.id).or_default();
        let (chunks, text) = tx.chunks_after(part.id, *known).await?;
        *known = chunks;
        Ok(text)
    }
}

/// Whether a part may change though others follow it. What is said or thought may not.
fn may_change(part: &Part) -> bool {
    match part.content {
        PartContent::Plan { .. } => true,
        PartContent::ToolCall(_) | PartContent::Permission(_) => part.content.is_open(),
        PartContent::Text { .. }
        | PartContent::Answer { .. }
        | PartContent::Reasoning { .. }
        | PartContent::File(_)
        | PartContent::Notice { .. }
        | PartContent::Error { .. } => false,
    }
}
