//! The transcript: messages. Their parts are in `parts`, and files in `files`.

use std::collections::HashSet;

use octobot_wire::message::MessageRole;
use octobot_wire::usage::Usage;
use octobot_wire::{MessageId, SessionId, Timestamp, TurnId};
use uuid::Uuid;

use super::column::{Reading, TextColumn as _, to_number};
use super::transaction::{execute, query};
use super::{StoreError, Tx};
use crate::domain::Message;

#[derive(sqlx::FromRow)]
struct MessageRow {
    id: Uuid,
    session_id: Uuid,
    turn_id: Uuid,
    number: i64,
    role: String,
    created_at: i64,
    usage: Option<String>,
    rewound: bool,
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
            usage: match row.usage {
                Some(usage) => reading.detail("usage", Some(&usage))?,
                None => Usage::default(),
            },
            rewound: row.rewound,
        })
    }
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
        Ok(Message {
            id,
            session_id: session,
            turn_id: turn,
            number,
            role,
            created_at: now,
            parts: Vec::new(),
            usage: Usage::default(),
            rewound: false,
        })
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

    /// A page of a session's transcript: the last messages before a number, or the last of all, in order, with their
    /// parts.
    pub async fn messages(
        &mut self,
        session: SessionId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        self.page(session, before, limit, true).await
    }

    /// Such a page without what rewinding has set aside.
    pub async fn messages_in_force(
        &mut self,
        session: SessionId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        self.page(session, before, limit, false).await
    }

    async fn page(
        &mut self,
        session: SessionId,
        before: Option<u64>,
        limit: u32,
        with_set_aside: bool,
    ) -> Result<Vec<Message>, StoreError> {
        let rows = query!(
            self,
            fetch_all,
            MessageRow,
            "SELECT m.id, m.session_id, m.turn_id, m.number, m.role, m.created_at, \
             CASE WHEN m.role = 'agent' AND t.ended_at IS NOT NULL THEN t.usage END AS usage, t.rewind IS NOT NULL AS rewound \
             FROM messages m JOIN turns t ON t.id = m.turn_id \
             WHERE m.session_id = $1 AND m.number < $2 AND ($4 OR t.rewind IS NULL) ORDER BY m.number DESC LIMIT $3",
            session.uuid(),
            before.map_or(Ok(i64::MAX), to_number)?,
            i64::from(limit),
            with_set_aside,
        )?;
        let mut messages = rows.into_iter().rev().map(Message::try_from).collect::<Result<Vec<_>, _>>()?;
        let (Some(first), Some(last)) = (messages.first(), messages.last()) else {
            return Ok(messages);
        };
        let parts = self.parts_between(session, first.number, last.number).await?;
        // Both are in the order of the messages, so one pass gives each message its parts. Between them may be some that weren't asked for.
        let asked: HashSet<Uuid> = messages.iter().map(|message| message.id.uuid()).collect();
        let mut parts = parts.into_iter().filter(|row| asked.contains(&row.message_id)).peekable();
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
}
