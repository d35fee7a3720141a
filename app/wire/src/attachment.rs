//! Files that go with a prompt: uploaded first, then named by the prompt that takes them.
//!
//! The limits are those of the strictest model API, so that no image is stored which every later request of the thread
//! would be refused for.

use serde::{Deserialize, Serialize};

use crate::AttachmentId;

/// So many files go with a prompt at most.
pub const MAX_ATTACHMENTS: usize = 10;

/// The largest file, in bytes.
pub const MAX_ATTACHMENT_BYTES: usize = 5 * 1024 * 1024;

/// The largest image, in bytes: Anthropic takes 5 MiB of Base64.
pub const MAX_IMAGE_BYTES: usize = MAX_ATTACHMENT_BYTES / 4 * 3;

/// The longest side of an image, in pixels: Anthropic takes no larger ones in a thread with more than 20 images.
pub const MAX_IMAGE_SIDE: u32 = 2_000;

/// What all files of a prompt may have together, in bytes.
pub const MAX_PROMPT_ATTACHMENT_BYTES: u64 = 20 * 1024 * 1024;

/// A file that goes with a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// Its id, by which a prompt takes it, and under which the session's files have it.
    pub id: AttachmentId,
    /// Its name.
    pub name: String,
    /// Its media type, as its content says.
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: u64,
}
