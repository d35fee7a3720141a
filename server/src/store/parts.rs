//! The parts of messages, and the text that grows in them.
//!
//! Only one writer at a time adds to a session's transcript: who holds the session's lease. Positions and chunk
//! numbers are therefore counted from what is there; a second writer would be refused as a duplicate.

mod row;

use octobot_wire::{MessageId, PartId, SessionId, TurnId};
use uuid::Uuid;

use self::row::ContentColumns;
pub(super) use self::row::PartRow;
use super::column::{Reading, free_text, optional_text, to_number};
use super::transaction::{execute, expect_row, query};
use super::{StoreError, Tx};
use crate::domain::{Part, PartContent};

/// The columns of a [`PartRow`], then how to find the rows.
macro_rules! select_parts {
    ($rest:literal) => {
        concat!(
            "SELECT parts.id, message_id, parts.number, position, kind, text, title, status, status_detail, tool, \
             input, output_tail, detail FROM parts ",
            $rest
        )
    };
}

impl Tx {
    /// Adds a part at the end of a message. `number` is the agent daemon's, which a turn has once.
    pub async fn insert_part(
        &mut self,
        message: MessageId,
        id: PartId,
        number: Option<u32>,
        content: &PartContent,
    ) -> Result<Part, StoreError> {
        let columns = ContentColumns::new(content)?;
        let (position,) = query!(
            self,
            fetch_one,
            (i64,),
            "INSERT INTO parts (id, message_id, turn_id, number, position, kind, text, title, status, status_detail, \
             tool, input, output_tail, detail) \
             SELECT $1, $2, (SELECT turn_id FROM messages WHERE id = $2), $3, COALESCE(MAX(position) + 1, 0), \
             $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM parts WHERE message_id = $2 RETURNING position",
            id.uuid(),
            message.uuid(),
            number.map(i64::from),
            columns.kind,
            optional_text("parts", "text", columns.text)?,
            optional_text("parts", "title", columns.title)?,
            columns.status,
            columns.status_detail.as_deref(),
            columns.tool,
            optional_text("parts", "input", columns.input)?,
            columns.output_tail.as_deref(),
            columns.detail.as_deref(),
        )?;
        let position = Reading { table: "parts", row: &id }.number("position", position)?;
        Ok(Part { id, number, position, content: content.clone() })
    }

    /// Stores what a part holds now. A part keeps its kind.
    pub async fn update_part(&mut self, id: PartId, content: &PartContent) -> Result<(), StoreError> {
        let columns = ContentColumns::new(content)?;
        let changed = execute!(
            self,
            "UPDATE parts SET text = $3, title = $4, status = $5, status_detail = $6, tool = $7, input = $8, \
             output_tail = $9, detail = $10 WHERE id = $1 AND kind = $2",
            id.uuid(),
            columns.kind,
            optional_text("parts", "text", columns.text)?,
            optional_text("parts", "title", columns.title)?,
            columns.status,
            columns.status_detail.as_deref(),
            columns.tool,
            optional_text("parts", "input", columns.input)?,
            columns.output_tail.as_deref(),
            columns.detail.as_deref(),
        )?;
        expect_row(changed, "parts", id)
    }

    /// A part of a turn by the agent daemon's number for it, with its message.
    pub async fn part(&mut self, turn: TurnId, number: u32) -> Result<Option<(MessageId, Part)>, StoreError> {
        let sql = select_parts!("WHERE turn_id = $1 AND number = $2");
        let row = query!(self, fetch_optional, PartRow, sql, turn.uuid(), i64::from(number))?;
        row.map(with_message).transpose()
    }

    /// The parts of a turn that the agent daemon has numbered, in the order of the messages.
    pub async fn parts(&mut self, turn: TurnId) -> Result<Vec<(MessageId, Part)>, StoreError> {
        let sql = select_parts!("WHERE turn_id = $1 AND number IS NOT NULL ORDER BY number");
        let rows = query!(self, fetch_all, PartRow, sql, turn.uuid())?;
        rows.into_iter().map(with_message).collect()
    }

    /// The parts of the agent's message in a turn from a position on, in order.
    pub async fn agent_parts(&mut self, turn: TurnId, from: u32) -> Result<Vec<Part>, StoreError> {
        let sql = select_parts!(
            "JOIN messages ON messages.id = parts.message_id \
             WHERE parts.turn_id = $1 AND role = 'agent' AND position >= $2 ORDER BY messages.number, position"
        );
        let rows = query!(self, fetch_all, PartRow, sql, turn.uuid(), i64::from(from))?;
        rows.into_iter().map(Part::try_from).collect()
    }

    /// The parts of the messages with these numbers, in order.
    pub(super) async fn parts_between(
        &mut self,
        session: SessionId,
        first: u64,
        last: u64,
    ) -> Result<Vec<PartRow>, StoreError> {
        let sql = select_parts!(
            "JOIN messages ON messages.id = parts.message_id \
             WHERE session_id = $1 AND messages.number BETWEEN $2 AND $3 ORDER BY messages.number, position"
        );
        query!(self, fetch_all, PartRow, sql, session.uuid(), to_number(first)?, to_number(last)?)
    }

    /// The session whose transcript a part belongs to.
    pub async fn part_session(&mut self, part: PartId) -> Result<Option<SessionId>, StoreError> {
        let row = query!(
            self,
            fetch_optional,
            (Uuid,),
            "SELECT session_id FROM messages JOIN parts ON messages.id = parts.message_id WHERE parts.id = $1",
            part.uuid(),
        )?;
        Ok(row.map(|(session,)| SessionId::new(session)))
    }

    /// Adds to what a part prints or says.
    pub async fn append_chunk(&mut self, part: PartId, text: &str) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO part_chunks (part_id, number, text) \
             SELECT $1, COALESCE(MAX(number), 0) + 1, $2 FROM part_chunks WHERE part_id = $1",
            part.uuid(),
            free_text("part_chunks", "text", text)?,
        )
        .map(|_| ())
    }

    /// What a part has printed or said after its first chunks, and how many chunks there are in all.
    pub async fn chunks_after(&mut self, part: PartId, known: u64) -> Result<(u64, String), StoreError> {
        let sql = "SELECT number, text FROM part_chunks WHERE part_id = $1 AND number > $2 ORDER BY number";
        let chunks = query!(self, fetch_all, (i64, String), sql, part.uuid(), to_number(known)?)?;
        let last = chunks.last().map(|(number, _)| *number);
        let last = last.map(|number| Reading { table: "part_chunks", row: &part }.number("number", number));
        Ok((last.unwrap_or(Ok(known))?, chunks.into_iter().map(|(_, text)| text).collect()))
    }

    /// All that a part has printed or said.
    pub async fn chunks(&mut self, part: PartId) -> Result<String, StoreError> {
        let sql = "SELECT text FROM part_chunks WHERE part_id = $1 ORDER BY number";
        let chunks = query!(self, fetch_all, (String,), sql, part.uuid())?;
        Ok(chunks.into_iter().map(|(text,)| text).collect())
    }
}

fn with_message(row: PartRow) -> Result<(MessageId, Part), StoreError> {
    Ok((MessageId::new(row.message_id), row.try_into()?))
}
