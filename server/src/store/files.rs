//! Files of the transcript, with their bytes.

use octobot_wire::{PartId, SessionId};
use uuid::Uuid;

use super::column::free_text;
use super::transaction::{execute, query};
use super::{StoreError, Tx};
use crate::domain::File;

#[derive(sqlx::FromRow)]
struct FileRow {
    name: String,
    media_type: String,
    data: Vec<u8>,
}

impl Tx {
    /// Stores a file that a part shows.
    pub async fn insert_file(&mut self, part: PartId, file: &File, data: &[u8]) -> Result<(), StoreError> {
        execute!(
            self,
            "INSERT INTO files (id, part_id, name, media_type, data) VALUES ($1, $2, $3, $4, $5)",
            file.id,
            part.uuid(),
            free_text("files", "name", &file.name)?,
            free_text("files", "media_type", &file.media_type)?,
            data,
        )
        .map(|_| ())
    }

    /// Deletes the files that a part has shown until now.
    pub async fn delete_files(&mut self, part: PartId) -> Result<(), StoreError> {
        execute!(self, "DELETE FROM files WHERE part_id = $1", part.uuid()).map(|_| ())
    }

    /// A file of a session's transcript, with its bytes.
    pub async fn file(&mut self, session: SessionId, id: Uuid) -> Result<Option<(File, Vec<u8>)>, StoreError> {
        let row = query!(
            self,
            fetch_optional,
            FileRow,
            "SELECT name, media_type, data FROM files JOIN parts ON parts.id = part_id \
             JOIN messages ON messages.id = message_id WHERE files.id = $1 AND session_id = $2",
            id,
            session.uuid(),
        )?;
        Ok(row
            .map(|FileRow { name, media_type, data }| (File { id, name, media_type, bytes: data.len() as u64 }, data)))
    }
}
