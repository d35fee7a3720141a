//! Prompts: stored first, delivered by the session's job; editable and deletable while they are queued.

use octobot_app::ports::Caller;
use octobot_wire::event::Change;
use octobot_wire::turn::{EditPrompt, MAX_PROMPT_BYTES, SubmitPrompt};
use octobot_wire::{ProjectId, SessionId, TurnId};

use super::attachments::taken;
use super::{ServiceError, SessionService};
use crate::domain::{Session, Turn};
use crate::store::Tx;

impl SessionService {
    /// Stores a prompt as a queued turn, the next to run if it steers. A stopped session starts for it, a failed one tries
    /// again.
    pub async fn submit(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: SubmitPrompt,
    ) -> Result<Turn, ServiceError> {
        let prompt = checked_prompt(&request.prompt)?;
        let mut tx = self.core.store.begin().await?;
        let session = self.find(&mut tx, caller, project, id).await?;
        if let Some(key) = request.idempotency_key
            && let Some(turn) = tx.turn_by_key(id, key).await?
        {
            return Ok(turn);
        }
        let attachments = taken(&mut tx, id, &request.attachments).await?;
        let now = self.core.now();
        let session = session.want_up(now)?.named_after(&prompt);
        let turn = tx.insert_turn(TurnId::new(self.core.fresh()), id, &prompt, request.idempotency_key, now).await?;
        if !attachments.is_empty() {
            tx.attach(turn.id, &attachments).await?;
        }
        let turn = Turn { attachments, ..turn };
        let turn = if request.steer { self.put_first(&mut tx, project, turn).await? } else { turn };
        tx.update_session(&session).await?;
        tx.record(project, Change::Turn { turn: turn.to_wire() });
        self.commit_and_work(tx, &session).await?;
        tracing::info!(session.id = %id, turn.id = %turn.id, prompt.bytes = prompt.len(), "turn {} was queued", turn.id);
        Ok(turn)
    }

    /// Sends a queued turn now: the turn that runs is stopped, and this one goes before all others that wait. One that
    /// the agent daemon has got, or has run, was sent already.
    pub async fn steer_turn(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        turn: TurnId,
    ) -> Result<Turn, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let (session, turn) = self.find_turn(&mut tx, caller, project, id, turn).await?;
        if turn.is_active() || turn.started_at.is_some() {
            return Ok(turn);
        }
        let session = session.want_up(self.core.now())?;
        let turn = self.put_first(&mut tx, project, turn).await?;
        tx.update_session(&session).await?;
        tx.record(project, Change::Turn { turn: turn.to_wire() });
        self.commit_and_work(tx, &session).await?;
        tracing::info!(session.id = %id, turn.id = %turn.id, "turn {} is sent now", turn.id);
        Ok(turn)
    }

    /// Puts a turn before all others that wait, and has the one that runs stopped.
    async fn put_first(&self, tx: &mut Tx, project: &ProjectId, turn: Turn) -> Result<Turn, ServiceError> {
        let open = tx.open_turns(turn.session_id).await?;
        let turn = turn.first_of(&open)?;
        tx.update_turn(&turn).await?;
        let running = open.into_iter().find(|other| other.is_active() && !other.cancel_requested);
        if let Some(running) = running {
            let running = running.cancel(self.core.now())?;
            tx.update_turn(&running).await?;
            tx.record(project, Change::Turn { turn: running.to_wire() });
        }
        Ok(turn)
    }

    /// Changes a queued turn's prompt.
    pub async fn edit_turn(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        turn: TurnId,
        request: EditPrompt,
    ) -> Result<Turn, ServiceError> {
        let prompt = checked_prompt(&request.prompt)?;
        let mut tx = self.core.store.begin().await?;
        let (_, turn) = self.find_turn(&mut tx, caller, project, id, turn).await?;
        let turn = turn.edit(prompt)?;
        tx.update_turn(&turn).await?;
        tx.record(project, Change::Turn { turn: turn.to_wire() });
        self.core.commit(tx).await?;
        Ok(turn)
    }

    /// Deletes a queued turn.
    pub async fn delete_turn(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        turn: TurnId,
    ) -> Result<(), ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let (mut session, turn) = self.find_turn(&mut tx, caller, project, id, turn).await?;
        turn.check_deletable()?;
        tx.delete_turn(turn.id).await?;
        tx.record(project, Change::TurnRemoved { session_id: id, turn_id: turn.id });
        if session.commit_flow.as_ref().is_some_and(|flow| flow.turn_id == turn.id) {
            session.commit_flow = None;
            tx.update_session(&session).await?;
            tx.record(project, Change::Session { session: session.to_wire() });
        }
        self.core.commit(tx).await
    }

    /// Stops a turn. The daemon is asked by the session's job, so a stop survives a restart of the server too.
    pub async fn cancel_turn(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        turn: TurnId,
    ) -> Result<Turn, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let (session, turn) = self.find_turn(&mut tx, caller, project, id, turn).await?;
        let turn = turn.cancel(self.core.now())?;
        tx.update_turn(&turn).await?;
        tx.record(project, Change::Turn { turn: turn.to_wire() });
        self.commit_and_work(tx, &session).await?;
        tracing::info!(session.id = %id, turn.id = %turn.id, "turn {} is to stop", turn.id);
        Ok(turn)
    }

    async fn find_turn(
        &self,
        tx: &mut Tx,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        turn: TurnId,
    ) -> Result<(Session, Turn), ServiceError> {
        let session = self.find(tx, caller, project, id).await?;
        let turn = tx.turn(id, turn).await?.ok_or(ServiceError::NotFound("turn"))?;
        Ok((session, turn))
    }
}

/// A prompt that says something, isn't too long, and holds no NUL, which not every store and no script can hold.
pub(super) fn checked_prompt(prompt: &str) -> Result<String, ServiceError> {
    if prompt.len() > MAX_PROMPT_BYTES {
        return Err(ServiceError::PromptTooLong { bytes: prompt.len() });
    }
    if prompt.trim().is_empty() {
        return Err(ServiceError::PromptEmpty);
    }
    Ok(prompt.replace('\0', "\u{fffd}"))
}

#[cfg(test)]
mod tests;
