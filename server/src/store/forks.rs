//! Copying a transcript from one session to another. What a part holds is copied by who knows the new ids.

use octobot_wire::{PartId, SessionId, TurnId};

use super::column::Reading;
use super::transaction::{execute, expect_row, query};
use super::{StoreError, Tx};

impl Tx {
    /// Copies a turn that has ended to the end of another session's turns, without its messages and files.
    pub async fn copy_turn(&mut self, from: TurnId, to: TurnId, session: SessionId) -> Result<(), StoreError> {
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
        let copied = execute!(
            self,
            "INSERT INTO turns (id, session_id, number, place, prompt, state, state_detail, cancel_requested, created_at, \
             started_at, ended_at, usage) \
             SELECT $1, $2, $3, $4, prompt, state, state_detail, cancel_requested, created_at, started_at, ended_at, usage \
             FROM turns WHERE id = $5 AND ended_at IS NOT NULL AND prompt IS NOT NULL",
            to.uuid(),
            session.uuid(),
            number,
            number,
            from.uuid(),
        )?;
        expect_row(copied, "turns", from)
    }

    /// Copies what a part has printed or said to another part.
    pub async fn copy_chunks(&mut self, from: PartId, to: PartId) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO part_chunks (part_id, number, text) SELECT $1, number, text FROM part_chunks WHERE part_id = $2",
            to.uuid(),
            from.uuid(),
        )
        .map(|_| ())
    }

    /// The numbers of a turn's first and last message; none for a turn that has left none.
    pub async fn messages_of_turn(&mut self, turn: TurnId) -> Result<Option<(u64, u64)>, StoreError> {
        let sql = "SELECT MIN(number), MAX(number) FROM messages WHERE turn_id = $1";
        let row = query!(self, fetch_one, (Option<i64>, Option<i64>), sql, turn.uuid())?;
        let (Some(first), Some(last)) = row else { return Ok(None) };
        let reading = Reading { table: "messages", row: &turn };
        Ok(Some((reading.number("number", first)?, reading.number("number", last)?)))
    }
}
