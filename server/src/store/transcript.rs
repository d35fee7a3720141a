//! The transcript: messages, their parts, and the output of tool calls in chunks.
//!
//! Only one writer at a time adds to a session's transcript: who holds the session's lease. Positions and chunk
//! numbers are therefore counted from what is there; a second writer would be refused as a duplicate.

use octobot_wire::message::{MessageRole, Output, ToolCallStatus};
use octobot_wire::{MessageId, PartId, SessionId, Timestamp, TurnId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::column::{Reading, TextColumn as _, free_text, optional_text, to_json, to_number};
use super::transaction::{execute, expect_row, query};
use super::{StoreError, Tx};
use crate::domain::{Message, Part, PartContent};

#[derive(sqlx::FromRow)]
struct MessageRow {
    id: Uuid,
    session_id: Uuid,
    turn_id: Uuid,
    number: i64,
    role: String,
    created_at: i64,
}

#[derive(sqlx::FromRow)]
struct PartRow {
    id: Uuid,
    message_id: Uuid,
    position: i64,
    kind: String,
    text: Option<String>,
    call: Option<i64>,
    title: Option<String>,
    input: Option<String>,
    status: Option<String>,
    status_detail: Option<String>,
    output_tail: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ExitedDetail {
    exit_code: u8,
    duration_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct KilledDetail {
    signal: u8,
    duration_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct CancelledDetail {
    duration_ms: u64,
}

/// The columns of a part that its kind decides.
#[derive(Default)]
struct ContentColumns<'a> {
    kind: &'static str,
    text: Option<&'a str>,
    call: Option<i64>,
    title: Option<&'a str>,
    input: Option<&'a str>,
    status: Option<&'static str>,
    status_detail: Option<String>,
    output_tail: Option<String>,
}

impl TryFrom<MessageRow> for Message {
    type Error = StoreError;

    /// The message without its parts, which stand in rows of their own.
    fn try_from(row: MessageRow) -> Result<Self, Self::Error> {
        let reading = Reading { table: "messages", row: &row.id };
        Ok(Self {
            id: MessageId::new(row.id),
            session_id: SessionId::new(row.session_id),
            turn_id: TurnId::new(row.turn_id),
            number: reading.number("number", row.number)?,
            role: reading.text("role", &row.role)?,
            created_at: Timestamp(row.created_at),
            parts: Vec::new(),
        })
    }
}

impl TryFrom<PartRow> for Part {
    type Error = StoreError;

    fn try_from(row: PartRow) -> Result<Self, Self::Error> {
        let reading = Reading { table: "parts", row: &row.id };
        let content = match row.kind.as_str() {
            "text" => PartContent::Text { text: reading.present("text", row.text)? },
            "error" => PartContent::Error { text: reading.present("text", row.text)? },
            "tool_call" => PartContent::ToolCall {
                call: reading.number("call", reading.present("call", row.call)?)?,
                title: reading.present("title", row.title)?,
                input: reading.present("input", row.input)?,
                status: read_status(
                    reading,
                    reading.present("status", row.status.as_deref())?,
                    row.status_detail.as_deref(),
                )?,
                tail: row.output_tail.map(|tail| reading.detail("output_tail", Some(&tail))).transpose()?,
            },
            _ => return Err(reading.corrupt("kind")),
        };
        Ok(Self { id: PartId::new(row.id), position: reading.number("position", row.position)?, content })
    }
}

impl<'a> ContentColumns<'a> {
    fn new(content: &'a PartContent) -> Result<Self, StoreError> {
        Ok(match content {
            PartContent::Text { text } => Self { kind: "text", text: Some(text), ..Self::default() },
            PartContent::Error { text } => Self { kind: "error", text: Some(text), ..Self::default() },
            PartContent::ToolCall { call, title, input, status, tail } => {
                let (status, status_detail) = write_status(*status)?;
                Self {
                    kind: "tool_call",
                    text: None,
                    call: Some(i64::from(*call)),
                    title: Some(title),
                    input: Some(input),
                    status: Some(status),
                    status_detail,
                    output_tail: tail.as_ref().map(to_json).transpose()?,
                }
            }
        })
    }
}

fn read_status(reading: Reading<'_>, status: &str, detail: Option<&str>) -> Result<ToolCallStatus, StoreError> {
    Ok(match status {
        "running" => ToolCallStatus::Running,
        "exited" => {
            let ExitedDetail { exit_code, duration_ms } = reading.detail("status_detail", detail)?;
            ToolCallStatus::Exited { exit_code, duration_ms }
        }
        "killed" => {
            let KilledDetail { signal, duration_ms } = reading.detail("status_detail", detail)?;
            ToolCallStatus::Killed { signal, duration_ms }
        }
        "cancelled" => {
            let CancelledDetail { duration_ms } = reading.detail("status_detail", detail)?;
            ToolCallStatus::Cancelled { duration_ms }
        }
        "interrupted" => ToolCallStatus::Interrupted,
        _ => return Err(reading.corrupt("status")),
    })
}

fn write_status(status: ToolCallStatus) -> Result<(&'static str, Option<String>), StoreError> {
    Ok(match status {
        ToolCallStatus::Running => ("running", None),
        ToolCallStatus::Exited { exit_code, duration_ms } => {
            ("exited", Some(to_json(&ExitedDetail { exit_code, duration_ms })?))
        }
        ToolCallStatus::Killed { signal, duration_ms } => {
            ("killed", Some(to_json(&KilledDetail { signal, duration_ms })?))
        }
        ToolCallStatus::Cancelled { duration_ms } => ("cancelled", Some(to_json(&CancelledDetail { duration_ms })?)),
        ToolCallStatus::Interrupted => ("interrupted", None),
    })
}

impl Tx {
    /// Adds a message without parts to a session's transcript and gives it a number.
    pub async fn insert_message(
        &mut self,
        id: MessageId,
        session: SessionId,
        turn: TurnId,
        role: MessageRole,
        now: Timestamp,
    ) -> Result<Message, StoreError> {
        let number = query!(
            self,
            fetch_optional,
            (i64,),
            "UPDATE sessions SET message_number = message_number + 1 WHERE id = $1 RETURNING message_number",
            session.uuid(),
        )?;
        let Some((number,)) = number else {
            return Err(StoreError::Missing { table: "sessions", row: session.to_string() });
        };
        execute!(
            self,
            "INSERT INTO messages (id, session_id, turn_id, number, role, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            id.uuid(),
            session.uuid(),
            turn.uuid(),
            number,
            role.to_text(),
            now.0,
        )?;
        let number = Reading { table: "messages", row: &id }.number("number", number)?;
        Ok(Message { id, session_id: session, turn_id: turn, number, role, created_at: now, parts: Vec::new() })
    }

    /// Adds a part at the end of a message.
    pub async fn insert_part(
        &mut self,
        message: MessageId,
        id: PartId,
        content: &PartContent,
    ) -> Result<Part, StoreError> {
        let columns = ContentColumns::new(content)?;
        let (position,) = query!(
            self,
            fetch_one,
            (i64,),
            "INSERT INTO parts (id, message_id, position, kind, text, call, title, input, status, status_detail, \
             output_tail) SELECT $1, $2, COALESCE(MAX(position) + 1, 0), $3, $4, $5, $6, $7, $8, $9, $10 \
             FROM parts WHERE message_id = $2 RETURNING position",
            id.uuid(),
            message.uuid(),
            columns.kind,
            optional_text("parts", "text", columns.text)?,
            columns.call,
            optional_text("parts", "title", columns.title)?,
            optional_text("parts", "input", columns.input)?,
            columns.status,
            columns.status_detail.as_deref(),
            columns.output_tail.as_deref(),
        )?;
        let position = Reading { table: "parts", row: &id }.number("position", position)?;
        Ok(Part { id, position, content: content.clone() })
    }

    /// Stores that a tool call ended, how, and the end of its output as it was rendered.
    pub async fn end_tool_call(
        &mut self,
        part: PartId,
        status: ToolCallStatus,
        tail: &Output,
    ) -> Result<(), StoreError> {
        let (status, status_detail) = write_status(status)?;
        let changed = execute!(
            self,
            "UPDATE parts SET status = $2, status_detail = $3, output_tail = $4 WHERE id = $1 AND kind = 'tool_call'",
            part.uuid(),
            status,
            status_detail.as_deref(),
            to_json(tail)?.as_str(),
        )?;
        expect_row(changed, "parts", part)
    }

    /// The message and the part of a turn's tool call, by the agent daemon's number for it.
    pub async fn tool_call_part(&mut self, turn: TurnId, call: u32) -> Result<Option<(MessageId, PartId)>, StoreError> {
        let row = query!(
            self,
            fetch_optional,
            (Uuid, Uuid),
            "SELECT messages.id, parts.id FROM parts JOIN messages ON messages.id = parts.message_id \
             WHERE messages.turn_id = $1 AND parts.call = $2",
            turn.uuid(),
            i64::from(call),
        )?;
        Ok(row.map(|(message, part)| (MessageId::new(message), PartId::new(part))))
    }

    /// The tool calls of a turn that run, in order.
    pub async fn open_tool_calls(&mut self, turn: TurnId) -> Result<Vec<PartId>, StoreError> {
        let rows = query!(
            self,
            fetch_all,
            (Uuid,),
            "SELECT parts.id FROM parts JOIN messages ON messages.id = parts.message_id \
             WHERE messages.turn_id = $1 AND parts.status = 'running' ORDER BY messages.number, parts.position",
            turn.uuid(),
        )?;
        Ok(rows.into_iter().map(|(part,)| PartId::new(part)).collect())
    }

    /// The agent's message of a turn; the last one, should there be several.
    pub async fn agent_message(&mut self, turn: TurnId) -> Result<Option<MessageId>, StoreError> {
        let row = query!(
            self,
            fetch_optional,
            (Uuid,),
            "SELECT id FROM messages WHERE turn_id = $1 AND role = 'agent' ORDER BY number DESC LIMIT 1",
            turn.uuid(),
        )?;
        Ok(row.map(|(message,)| MessageId::new(message)))
    }

    /// Adds a chunk to a tool call's output.
    pub async fn append_output(&mut self, part: PartId, text: &str) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO output_chunks (part_id, number, text) \
             SELECT $1, COALESCE(MAX(number), 0) + 1, $2 FROM output_chunks WHERE part_id = $1",
            part.uuid(),
            free_text("output_chunks", "text", text)?,
        )
        .map(|_| ())
    }

    /// A tool call's whole output.
    pub async fn output_text(&mut self, part: PartId) -> Result<String, StoreError> {
        let sql = "SELECT text FROM output_chunks WHERE part_id = $1 ORDER BY number";
        let chunks = query!(self, fetch_all, (String,), sql, part.uuid())?;
        Ok(chunks.into_iter().map(|(text,)| text).collect())
    }

    /// A page of a session's transcript: the last messages before a number, or the last of all, in order, with their
    /// parts.
    pub async fn messages(
        &mut self,
        session: SessionId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let rows = query!(
            self,
            fetch_all,
            MessageRow,
            "SELECT id, session_id, turn_id, number, role, created_at FROM messages \
             WHERE session_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3",
            session.uuid(),
            before.map_or(Ok(i64::MAX), to_number)?,
            i64::from(limit),
        )?;
        let mut messages = rows.into_iter().rev().map(Message::try_from).collect::<Result<Vec<_>, _>>()?;
        let (Some(first), Some(last)) = (messages.first(), messages.last()) else {
            return Ok(messages);
        };
        let parts = query!(
            self,
            fetch_all,
            PartRow,
            "SELECT parts.id, message_id, position, kind, text, call, title, input, status, status_detail, output_tail \
             FROM parts JOIN messages ON messages.id = parts.message_id \
             WHERE session_id = $1 AND number BETWEEN $2 AND $3 ORDER BY number, position",
            session.uuid(),
            to_number(first.number)?,
            to_number(last.number)?,
        )?;
        // Both are in the order of the messages, so one pass gives each message its parts.
        let mut parts = parts.into_iter().peekable();
        for message in &mut messages {
            while let Some(row) = parts.next_if(|row| row.message_id == message.id.uuid()) {
                message.parts.push(row.try_into()?);
            }
        }
        Ok(messages)
    }

    /// How many messages a session has before a number.
    pub async fn messages_before(&mut self, session: SessionId, number: u64) -> Result<u64, StoreError> {
        let (count,) = query!(
            self,
            fetch_one,
            (i64,),
            "SELECT COUNT(*) FROM messages WHERE session_id = $1 AND number < $2",
            session.uuid(),
            to_number(number)?,
        )?;
        Reading { table: "messages", row: &session }.number("number", count)
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
}
