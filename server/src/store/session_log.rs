//! What building a session's sandbox printed.

use octobot_wire::session::{SessionLogLine, SessionStage};
use octobot_wire::{SessionId, Timestamp};

use super::column::{Reading, TextColumn as _, free_text};
use super::transaction::{execute, query};
use super::{StoreError, Tx};

const TABLE: &str = "session_log";

#[derive(sqlx::FromRow)]
struct LineRow {
    number: i64,
    at: i64,
    stage: String,
    text: String,
}

impl LineRow {
    fn line(self, session: SessionId) -> Result<SessionLogLine, StoreError> {
        let reading = Reading { table: TABLE, row: &session };
        Ok(SessionLogLine {
            number: reading.number("number", self.number)?,
            at: Timestamp(self.at),
            stage: reading.text("stage", &self.stage)?,
            text: self.text,
        })
    }
}

impl Tx {
    /// Adds a line to a session's log and gives it a number.
    pub async fn append_session_log(
        &mut self,
        session: SessionId,
        stage: SessionStage,
        text: &str,
        at: Timestamp,
    ) -> Result<SessionLogLine, StoreError> {
        let number = query!(
            self,
            fetch_optional,
            (i64,),
            "UPDATE sessions SET log_number = log_number + 1 WHERE id = $1 RETURNING log_number",
            session.uuid(),
        )?;
        let Some((number,)) = number else {
            return Err(StoreError::Missing { table: "sessions", row: session.to_string() });
        };
        execute!(
            self,
            "INSERT INTO session_log (session_id, number, at, stage, text) VALUES ($1, $2, $3, $4, $5)",
            session.uuid(),
            number,
            at.0,
            stage.to_text(),
            free_text(TABLE, "text", text)?,
        )?;
        let number = Reading { table: TABLE, row: &session }.number("number", number)?;
        Ok(SessionLogLine { number, at, stage, text: text.to_owned() })
    }

    /// The last lines of a session's log, in order.
    pub async fn session_log(&mut self, session: SessionId, last: u32) -> Result<Vec<SessionLogLine>, StoreError> {
        let rows = query!(
            self,
            fetch_all,
            LineRow,
            "SELECT number, at, stage, text FROM session_log WHERE session_id = $1 ORDER BY number DESC LIMIT $2",
            session.uuid(),
            i64::from(last),
        )?;
        rows.into_iter().rev().map(|row| row.line(session)).collect()
    }
}
