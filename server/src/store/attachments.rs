//! Files that go with prompts. Their bytes are sealed, as prompts that wait are.

use octobot_wire::{AttachmentId, SessionId, Timestamp, TurnId};
use uuid::Uuid;

use super::column::{Reading, free_text, to_json, to_number};
use super::transaction::{Entity, execute, expect_row, query};
use super::{StoreError, Tx};
use crate::domain::File;
use crate::vault::Sealed;

const TABLE: &str = "attachments";

#[derive(sqlx::FromRow)]
struct AttachmentRow {
    id: Uuid,
    name: String,
    media_type: String,
    bytes: i64,
}

impl AttachmentRow {
    fn file(self) -> Result<File, StoreError> {
        let bytes = Reading { table: TABLE, row: &self.id }.number("bytes", self.bytes)?;
        Ok(File { id: self.id, name: self.name, media_type: self.media_type, bytes })
    }
}

/// The identity that the bytes are bound to.
fn identity(id: Uuid) -> String {
    format!("attachments/{id}/sealed")
}

impl Tx {
    /// Stores a file for a prompt to come.
    pub async fn insert_attachment(
        &mut self,
        session: SessionId,
        file: &File,
        data: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sealed = self.vault.seal(data, &identity(file.id)).map_err(|source| StoreError::Sealed {
            table: TABLE,
            row: file.id.to_string(),
            source,
        })?;
        execute!(
            self,
            "INSERT INTO attachments (id, session_id, name, media_type, bytes, sealed, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            file.id,
            session.uuid(),
            free_text(TABLE, "name", &file.name)?,
            free_text(TABLE, "media_type", &file.media_type)?,
            to_number(file.bytes)?,
            sealed.as_bytes(),
            now.0,
        )
        .map(|_| ())
    }

    /// A file of a session that no prompt has taken yet.
    pub async fn free_attachment(&mut self, session: SessionId, id: AttachmentId) -> Result<Option<File>, StoreError> {
        self.hold(Entity::Session(session)).await?;
        let row = query!(
            self,
            fetch_optional,
            AttachmentRow,
            "SELECT id, name, media_type, bytes FROM attachments \
             WHERE id = $1 AND session_id = $2 AND turn_id IS NULL",
            id.uuid(),
            session.uuid(),
        )?;
        row.map(AttachmentRow::file).transpose()
    }

    /// Has a turn take files, which go with its prompt from then on, in this order.
    pub async fn attach(&mut self, turn: TurnId, files: &[File]) -> Result<(), StoreError> {
        for file in files {
            let taken = execute!(
                self,
                "UPDATE attachments SET turn_id = $2 WHERE id = $1 AND turn_id IS NULL",
                file.id,
                turn.uuid(),
            )?;
            expect_row(taken, TABLE, file.id)?;
        }
        let list = to_json(&files)?;
        let changed = execute!(self, "UPDATE turns SET attachments = $2 WHERE id = $1", turn.uuid(), list.as_str())?;
        expect_row(changed, "turns", turn)
    }

    /// The files that go with a turn's prompt, in order; none for a turn that isn't there.
    pub async fn attachments_of(&mut self, turn: TurnId) -> Result<Vec<File>, StoreError> {
        let sql = "SELECT attachments FROM turns WHERE id = $1";
        let row = query!(self, fetch_optional, (Option<String>,), sql, turn.uuid())?;
        match row {
            Some((Some(list),)) => Reading { table: "turns", row: &turn }.detail("attachments", Some(&list)),
            Some((None,)) | None => Ok(Vec::new()),
        }
    }

    /// A file of a session with its bytes, whether a prompt has taken it or not.
    pub async fn attachment(&mut self, session: SessionId, id: Uuid) -> Result<Option<(File, Vec<u8>)>, StoreError> {
        let sql = "SELECT id, name, media_type, bytes FROM attachments WHERE id = $1 AND session_id = $2";
        let Some(row) = query!(self, fetch_optional, AttachmentRow, sql, id, session.uuid())? else {
            return Ok(None);
        };
        let sql = "SELECT sealed FROM attachments WHERE id = $1";
        let (sealed,) = query!(self, fetch_one, (Vec<u8>,), sql, id)?;
        let opened = self.vault.open(&Sealed::from_bytes(sealed), &identity(id));
        let data = opened.map_err(|source| StoreError::Sealed { table: TABLE, row: id.to_string(), source })?;
        Ok(Some((row.file()?, data)))
    }

    /// Deletes a file that no prompt has taken. Says whether there was one.
    pub async fn delete_free_attachment(&mut self, session: SessionId, id: AttachmentId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM attachments WHERE id = $1 AND session_id = $2 AND turn_id IS NULL";
        Ok(execute!(self, sql, id.uuid(), session.uuid())? > 0)
    }

    /// Deletes the files of a session that were stored before a time and that no prompt has taken.
    pub async fn delete_stale_attachments(&mut self, session: SessionId, before: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM attachments WHERE session_id = $1 AND turn_id IS NULL AND created_at < $2";
        execute!(self, sql, session.uuid(), before.0)
    }
}
