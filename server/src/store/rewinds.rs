//! Rewinds of conversations, and which turns they have set aside.

use octobot_wire::{SessionId, Timestamp, TurnId};

use super::column::{Reading, to_number};
use super::transaction::{Entity, execute, expect_row, query};
use super::{StoreError, Tx};
use crate::domain::Rewind;

const TABLE: &str = "rewinds";

/// What is read of rewinds of a session that weren't undone, then which of them.
macro_rules! select_rewinds {
    ($rest:literal) => {
        concat!(
            "SELECT r.number, r.files_number, s.message_number > r.message_number FROM rewinds r \
             JOIN sessions s ON s.id = r.session_id WHERE r.session_id = $1 AND NOT r.undone ",
            $rest
        )
    };
}

impl Tx {
    /// The number of the conversation that is in force in a session: that of its last rewind that stands, 0 before the first.
    pub async fn conversation(&mut self, session: SessionId) -> Result<u32, StoreError> {
        Ok(self.last_rewind(session).await?.map_or(0, |rewind| rewind.number))
    }

    /// The last rewind of a session that wasn't undone.
    pub async fn last_rewind(&mut self, session: SessionId) -> Result<Option<Rewind>, StoreError> {
        self.hold(Entity::Session(session)).await?;
        let sql = select_rewinds!("ORDER BY r.number DESC LIMIT 1");
        let row = query!(self, fetch_optional, (i64, i64, bool), sql, session.uuid())?;
        row.map(|row| rewind(session, row)).transpose()
    }

    /// The last rewind of a session that wasn't undone and whose files are kept under a number.
    pub async fn rewind_of_files(&mut self, session: SessionId, number: u32) -> Result<Option<Rewind>, StoreError> {
        self.hold(Entity::Session(session)).await?;
        let sql = select_rewinds!("AND r.files_number = $2 ORDER BY r.number DESC LIMIT 1");
        let row = query!(self, fetch_optional, (i64, i64, bool), sql, session.uuid(), i64::from(number))?;
        row.map(|row| rewind(session, row)).transpose()
    }

    /// Sets aside what is in force of a conversation from message number `first` on, and begins another one.
    pub async fn insert_rewind(
        &mut self,
        session: SessionId,
        first: u64,
        files_number: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.hold(Entity::Session(session)).await?;
        let (last,) = query!(
            self,
            fetch_one,
            (i64,),
            "SELECT COALESCE(MAX(number), 0) FROM rewinds WHERE session_id = $1",
            session.uuid(),
        )?;
        let inserted = execute!(
            self,
            "INSERT INTO rewinds (session_id, number, files_number, message_number, undone, created_at) \
             SELECT id, $2, $3, message_number, FALSE, $4 FROM sessions WHERE id = $1",
            session.uuid(),
            last + 1,
            i64::from(files_number),
            now.0,
        )?;
        expect_row(inserted, "sessions", session)?;
        execute!(
            self,
            "UPDATE turns SET rewind = $2 WHERE session_id = $1 AND rewind IS NULL \
             AND id IN (SELECT turn_id FROM messages WHERE session_id = $1 AND number >= $3)",
            session.uuid(),
            last + 1,
            to_number(first)?,
        )
        .map(|_| ())
    }

    /// Puts back into force what a rewind has set aside.
    pub async fn undo_rewind(&mut self, rewind: &Rewind) -> Result<(), StoreError> {
        let (session, number) = (rewind.session_id.uuid(), i64::from(rewind.number));
        let sql = "UPDATE rewinds SET undone = TRUE WHERE session_id = $1 AND number = $2";
        expect_row(execute!(self, sql, session, number)?, TABLE, rewind.number)?;
        let sql = "UPDATE turns SET rewind = NULL WHERE session_id = $1 AND rewind = $2";
        execute!(self, sql, session, number).map(|_| ())
    }

    /// Whether a turn was set aside.
    pub async fn is_set_aside(&mut self, turn: TurnId) -> Result<bool, StoreError> {
        let sql = "SELECT rewind IS NOT NULL FROM turns WHERE id = $1";
        Ok(query!(self, fetch_optional, (bool,), sql, turn.uuid())?.is_some_and(|(is_set_aside,)| is_set_aside))
    }
}

fn rewind(session: SessionId, (number, files_number, is_settled): (i64, i64, bool)) -> Result<Rewind, StoreError> {
    let reading = Reading { table: TABLE, row: &session };
    Ok(Rewind {
        session_id: session,
        number: reading.number("number", number)?,
        files_number: reading.number("files_number", files_number)?,
        is_settled,
    })
}
