//! Turns. A prompt is sealed while it is queued, and plain once the agent daemon has it.

use octobot_wire::turn::TurnState;
use octobot_wire::usage::Usage;
use octobot_wire::{SessionId, Timestamp, TurnId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::column::{Reading, free_text, to_json, to_time};
use super::transaction::{Entity, execute, expect_row, query};
use super::{StoreError, Tx};
use crate::domain::Turn;
use crate::vault::{Sealed, Vault};

const TABLE: &str = "turns";

/// The columns of a [`TurnRow`], then how to find the rows.
macro_rules! select_turns {
    ($rest:literal) => {
        concat!(
            "SELECT id, session_id, number, place, sealed_prompt, prompt, state, state_detail, cancel_requested, created_at, \
             started_at, ended_at, usage, attachments FROM turns ",
            $rest
        )
    };
}

#[derive(sqlx::FromRow)]
struct TurnRow {
    id: Uuid,
    session_id: Uuid,
    number: i64,
    place: i64,
    sealed_prompt: Option<Vec<u8>>,
    prompt: Option<String>,
    state: String,
    state_detail: Option<String>,
    cancel_requested: bool,
    created_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    usage: Option<String>,
    attachments: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct FailedDetail {
    reason: String,
}

impl TurnRow {
    fn turn(self, vault: &Vault) -> Result<Turn, StoreError> {
        let id = TurnId::new(self.id);
        let reading = Reading { table: TABLE, row: &id };
        Ok(Turn {
            id,
            session_id: SessionId::new(self.session_id),
            number: reading.number("number", self.number)?,
            place: self.place,
            prompt: match (self.sealed_prompt, self.prompt) {
                (Some(sealed), None) => unseal(vault, id, &Sealed::from_bytes(sealed))?,
                (None, Some(prompt)) => prompt,
                (Some(_), Some(_)) | (None, None) => return Err(reading.corrupt("prompt")),
            },
            attachments: match self.attachments {
                Some(attachments) => reading.detail("attachments", Some(&attachments))?,
                None => Vec::new(),
            },
            state: read_state(reading, &self.state, self.state_detail.as_deref())?,
            cancel_requested: self.cancel_requested,
            created_at: Timestamp(self.created_at),
            started_at: self.started_at.map(Timestamp),
            ended_at: self.ended_at.map(Timestamp),
            usage: match self.usage {
                Some(usage) => reading.detail("usage", Some(&usage))?,
                None => Usage::default(),
            },
        })
    }
}

fn read_state(reading: Reading<'_>, state: &str, detail: Option<&str>) -> Result<TurnState, StoreError> {
    Ok(match state {
        "queued" => TurnState::Queued,
        "delivered" => TurnState::Delivered,
        "running" => TurnState::Running,
        "waiting" => TurnState::Waiting,
        "completed" => TurnState::Completed,
        "cancelled" => TurnState::Cancelled,
        "failed" => {
            let FailedDetail { reason } = reading.detail("state_detail", detail)?;
            TurnState::Failed { reason }
        }
        "interrupted" => TurnState::Interrupted,
        _ => return Err(reading.corrupt("state")),
    })
}

fn write_state(state: &TurnState) -> Result<(&'static str, Option<String>), StoreError> {
    Ok(match state {
        TurnState::Queued => ("queued", None),
        TurnState::Delivered => ("delivered", None),
        TurnState::Running => ("running", None),
        TurnState::Waiting => ("waiting", None),
        TurnState::Completed => ("completed", None),
        TurnState::Cancelled => ("cancelled", None),
        TurnState::Failed { reason } => ("failed", Some(to_json(&FailedDetail { reason: reason.clone() })?)),
        TurnState::Interrupted => ("interrupted", None),
    })
}

/// The identity that a sealed prompt is bound to.
fn identity(id: TurnId) -> String {
    format!("turns/{id}/prompt")
}

fn seal(vault: &Vault, id: TurnId, prompt: &str) -> Result<Sealed, StoreError> {
    vault.seal(prompt.as_bytes(), &identity(id)).map_err(|source| StoreError::Sealed {
        table: TABLE,
        row: id.to_string(),
        source,
    })
}

fn unseal(vault: &Vault, id: TurnId, sealed: &Sealed) -> Result<String, StoreError> {
    let bytes = vault.open(sealed, &identity(id)).map_err(|source| StoreError::Sealed {
        table: TABLE,
        row: id.to_string(),
        source,
    })?;
    String::from_utf8(bytes).map_err(|_| Reading { table: TABLE, row: &id }.corrupt("sealed_prompt"))
}

impl Tx {
    /// Queues a prompt at the end of a session's turns. A second one with the same idempotency key is refused as a
    /// duplicate.
    pub async fn insert_turn(
        &mut self,
        id: TurnId,
        session: SessionId,
        prompt: &str,
        idempotency_key: Option<Uuid>,
        now: Timestamp,
    ) -> Result<Turn, StoreError> {
        let sealed = seal(&self.vault, id, free_text(TABLE, "prompt", prompt)?)?;
        let number = query!(
            self,
            fetch_optional,
            (i64,),
            "UPDATE sessions SET turn_number = turn_number + 1 WHERE id = $1 RETURNING turn_number",
            session.uuid(),
        )?;
        let Some((number,)) = number else {
            return Err(StoreError::Missing { table: "sessions", row: session.to_string() });
        };
        execute!(
            self,
            "INSERT INTO turns (id, session_id, number, place, idempotency_key, sealed_prompt, state, cancel_requested, \
             created_at) VALUES ($1, $2, $3, $3, $4, $5, 'queued', FALSE, $6)",
            id.uuid(),
            session.uuid(),
            number,
            idempotency_key,
            sealed.as_bytes(),
            now.0,
        )?;
        Ok(Turn {
            id,
            session_id: session,
            number: Reading { table: TABLE, row: &id }.number("number", number)?,
            place: number,
            prompt: prompt.to_owned(),
            attachments: Vec::new(),
            state: TurnState::Queued,
            cancel_requested: false,
            created_at: now,
            started_at: None,
            ended_at: None,
            usage: Usage::default(),
        })
    }

    /// Stores a changed turn. Its prompt is unsealed when it isn't queued any more.
    pub async fn update_turn(&mut self, turn: &Turn) -> Result<(), StoreError> {
        let (state, state_detail) = write_state(&turn.state)?;
        let prompt = free_text(TABLE, "prompt", &turn.prompt)?;
        let (sealed, plain) = match turn.state {
            TurnState::Queued => (Some(seal(&self.vault, turn.id, prompt)?), None),
            _ => (None, Some(prompt)),
        };
        let changed = execute!(
            self,
            "UPDATE turns SET sealed_prompt = $2, prompt = $3, state = $4, state_detail = $5, \
             cancel_requested = $6, started_at = $7, ended_at = $8, usage = $9, place = $10 WHERE id = $1",
            turn.id.uuid(),
            sealed.as_ref().map(Sealed::as_bytes),
            plain,
            state,
            state_detail.as_deref(),
            turn.cancel_requested,
            to_time(turn.started_at),
            to_time(turn.ended_at),
            to_json(&turn.usage)?.as_str(),
            turn.place,
        )?;
        expect_row(changed, TABLE, turn.id)
    }

    /// Deletes a turn with what it left in the transcript.
    pub async fn delete_turn(&mut self, id: TurnId) -> Result<(), StoreError> {
        execute!(self, "DELETE FROM turns WHERE id = $1", id.uuid()).map(|_| ())
    }

    /// A turn of a session.
    pub async fn turn(&mut self, session: SessionId, id: TurnId) -> Result<Option<Turn>, StoreError> {
        self.hold(Entity::Session(session)).await?;
        let sql = select_turns!("WHERE session_id = $1 AND id = $2");
        let row = query!(self, fetch_optional, TurnRow, sql, session.uuid(), id.uuid())?;
        row.map(|row| row.turn(&self.vault)).transpose()
    }

    /// The turn of a session that was stored with an idempotency key.
    pub async fn turn_by_key(&mut self, session: SessionId, key: Uuid) -> Result<Option<Turn>, StoreError> {
        self.hold(Entity::Session(session)).await?;
        let sql = select_turns!("WHERE session_id = $1 AND idempotency_key = $2");
        let row = query!(self, fetch_optional, TurnRow, sql, session.uuid(), key)?;
        row.map(|row| row.turn(&self.vault)).transpose()
    }

    /// The turns of a session that haven't ended, in the order in which they run: what the agent daemon has comes before
    /// what waits.
    pub async fn open_turns(&mut self, session: SessionId) -> Result<Vec<Turn>, StoreError> {
        self.hold(Entity::Session(session)).await?;
        let sql = select_turns!(
            "WHERE session_id = $1 AND state IN ('queued', 'delivered', 'running', 'waiting') \
             ORDER BY CASE state WHEN 'queued' THEN 1 ELSE 0 END, place, number"
        );
        let rows = query!(self, fetch_all, TurnRow, sql, session.uuid())?;
        rows.into_iter().map(|row| row.turn(&self.vault)).collect()
    }

    /// The turn of a session that is to be delivered next.
    pub async fn next_queued(&mut self, session: SessionId) -> Result<Option<Turn>, StoreError> {
        self.hold(Entity::Session(session)).await?;
        let sql = select_turns!("WHERE session_id = $1 AND state = 'queued' ORDER BY place, number LIMIT 1");
        let row = query!(self, fetch_optional, TurnRow, sql, session.uuid())?;
        row.map(|row| row.turn(&self.vault)).transpose()
    }

    /// The turn of a session that the agent daemon has.
    pub async fn active_turn(&mut self, session: SessionId) -> Result<Option<Turn>, StoreError> {
        self.hold(Entity::Session(session)).await?;
        let sql = select_turns!(
            "WHERE session_id = $1 AND state IN ('delivered', 'running', 'waiting') ORDER BY number LIMIT 1"
        );
        let row = query!(self, fetch_optional, TurnRow, sql, session.uuid())?;
        row.map(|row| row.turn(&self.vault)).transpose()
    }

    /// How many turns a session has.
    pub async fn turn_count(&mut self, session: SessionId) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) FROM turns WHERE session_id = $1";
        let (count,) = query!(self, fetch_one, (i64,), sql, session.uuid())?;
        Reading { table: TABLE, row: &session }.number("number", count)
    }
}
