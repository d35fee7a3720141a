//! Files that go with prompts: checked and stored when they are uploaded, taken when their prompt is.

use octobot_app::ports::Caller;
use octobot_wire::attachment::{
    MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS, MAX_IMAGE_BYTES, MAX_IMAGE_SIDE, MAX_PROMPT_ATTACHMENT_BYTES,
};
use octobot_wire::{AttachmentId, ProjectId, SessionId, Timestamp};

use super::{ServiceError, SessionService};
use crate::domain::File;
use crate::domain::picture::Picture;
use crate::store::Tx;

/// Files that no prompt has taken are kept for a day.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// The longest name of a file, in characters.
const MAX_NAME_CHARS: usize = 120;

/// A file as it is uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its name, which may be anything.
    pub name: String,
    /// Its media type, as its sender says.
    pub media_type: String,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// Why a file isn't taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentError {
    /// It has no bytes.
    #[error("{name} is empty.")]
    Empty {
        /// Its name.
        name: String,
    },
    /// It has too many bytes.
    #[error("{name} has {bytes} bytes; at most {most} are taken.")]
    TooLarge {
        /// Its name.
        name: String,
        /// Its size.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// It isn't the image that its sender says it is.
    #[error("{name} isn't an image that can be read. PNG, JPEG, GIF and WebP are.")]
    NoImage {
        /// Its name.
        name: String,
    },
    /// It has too many pixels.
    #[error("{name} has {width} × {height} pixels; at most {MAX_IMAGE_SIDE} a side are taken. Make it smaller first.")]
    TooManyPixels {
        /// Its name.
        name: String,
        /// Pixels a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// There are too many for one prompt.
    #[error("{count} files are too many for one prompt; at most {MAX_ATTACHMENTS} are taken.")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// They are too large together.
    #[error("The files have {bytes} bytes together; a prompt takes at most {MAX_PROMPT_ATTACHMENT_BYTES}.")]
    TooLargeTogether {
        /// Their size.
        bytes: u64,
    },
    /// There is none such, or another prompt has it.
    #[error("The file {0} isn't there, or went with another prompt. Attach it again.")]
    Gone(AttachmentId),
}

impl SessionService {
    /// Stores a file for a prompt to come.
    pub async fn attach(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        upload: Upload,
    ) -> Result<File, ServiceError> {
        let mut files = self.attach_all(caller, project, id, vec![upload]).await?;
        Ok(files.pop().expect("for each file that is given one is returned"))
    }

    /// Stores all files of a prompt to come, in their order, or none of them.
    pub async fn attach_all(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        uploads: Vec<Upload>,
    ) -> Result<Vec<File>, ServiceError> {
        let files: Vec<_> = uploads.iter().map(|upload| check(self.core.fresh(), upload)).collect::<Result<_, _>>()?;
        check_together(&files)?;
        let mut tx = self.core.store.begin().await?;
        self.find(&mut tx, caller, project, id).await?;
        let now = self.core.now();
        tx.delete_stale_attachments(id, Timestamp(now.0 - KEPT_MS)).await?;
        for (file, upload) in files.iter().zip(&uploads) {
            tx.insert_attachment(id, file, &upload.data, now).await?;
        }
        self.core.commit(tx).await?;
        for file in &files {
            tracing::info!(session.id = %id, attachment.id = %file.id, attachment.bytes = file.bytes, "file {} was attached", file.id);
        }
        Ok(files)
    }

    /// Deletes a file that no prompt has taken. One that is gone already is no failure.
    pub async fn detach(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        attachment: AttachmentId,
    ) -> Result<(), ServiceError> {
        let mut tx = self.core.store.begin().await?;
        self.find(&mut tx, caller, project, id).await?;
        tx.delete_free_attachment(id, attachment).await?;
        self.core.commit(tx).await
    }
}

/// The files that a prompt takes, if it may.
pub(super) async fn taken(tx: &mut Tx, session: SessionId, ids: &[AttachmentId]) -> Result<Vec<File>, ServiceError> {
    if ids.len() > MAX_ATTACHMENTS {
        return Err(AttachmentError::TooMany { count: ids.len() }.into());
    }
    let mut files: Vec<File> = Vec::with_capacity(ids.len());
    for &id in ids {
        let file = tx.free_attachment(session, id).await?;
        let is_new = |file: &File| files.iter().all(|other| other.id != file.id);
        files.push(file.filter(is_new).ok_or(AttachmentError::Gone(id))?);
    }
    check_together(&files)?;
    Ok(files)
}

/// Whether one prompt can take these files.
fn check_together(files: &[File]) -> Result<(), AttachmentError> {
    if files.len() > MAX_ATTACHMENTS {
        return Err(AttachmentError::TooMany { count: files.len() });
    }
    let bytes = files.iter().map(|file| file.bytes).sum();
    if bytes > MAX_PROMPT_ATTACHMENT_BYTES {
        return Err(AttachmentError::TooLargeTogether { bytes });
    }
    Ok(())
}

/// What a file is by its content, if it can be taken.
fn check(id: uuid::Uuid, upload: &Upload) -> Result<File, AttachmentError> {
    let Upload { name, media_type, data } = upload;
    let name = shown_name(name);
    let picture = Picture::of(data);
    let most = if picture.is_some() { MAX_IMAGE_BYTES } else { MAX_ATTACHMENT_BYTES };
    if data.is_empty() {
        return Err(AttachmentError::Empty { name });
    }
    if data.len() > most {
        return Err(AttachmentError::TooLarge { name, bytes: data.len(), most });
    }
    let media_type = match picture {
        Some(Picture { width, height, .. }) if width.max(height) > MAX_IMAGE_SIDE => {
            return Err(AttachmentError::TooManyPixels { name, width, height });
        }
        Some(picture) => picture.kind.media_type(),
        None if is_said_to_be_picture(media_type) => return Err(AttachmentError::NoImage { name }),
        None if std::str::from_utf8(data).is_ok_and(|text| !text.contains('\0')) => "text/plain",
        None => "application/octet-stream",
    };
    Ok(File { id, name, media_type: media_type.to_owned(), bytes: data.len() as u64 })
}

fn is_said_to_be_picture(media_type: &str) -> bool {
    ["image/png", "image/jpeg", "image/gif", "image/webp"].iter().any(|known| known.eq_ignore_ascii_case(media_type))
}

/// A name without folders and what can't be shown.
fn shown_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    if name.trim_matches('.').is_empty() { "file".to_owned() } else { name }
}

#[cfg(test)]
mod tests;
