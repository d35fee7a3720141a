//! Turns: one prompt and all that the agent does about it.

use serde::{Deserialize, Serialize};

use crate::attachment::Attachment;
use crate::tagged::read_tagged;
use crate::usage::Usage;
use crate::{AttachmentId, SessionId, Timestamp, TurnId};

/// The longest prompt, in bytes of UTF-8.
pub const MAX_PROMPT_BYTES: usize = 1024 * 1024;

/// `queued → delivered → running ⇄ waiting → completed`, or `cancelled`, `failed`, `interrupted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum TurnState {
    /// Stored, not yet with the agent daemon: it can still be edited and deleted.
    Queued,
    /// The agent daemon has it.
    Delivered,
    /// The agent works on it.
    Running,
    /// The agent waits for an answer.
    Waiting,
    /// The agent is done.
    Completed,
    /// A user stopped it.
    Cancelled,
    /// The agent failed.
    Failed {
        /// Why, for a person.
        reason: String,
    },
    /// The sandbox went away while it ran.
    Interrupted,
}

read_tagged!(
    TurnState by "state" with { reason: String } as
    Queued {} Delivered {} Running {} Waiting {} Completed {} Cancelled {} Failed { reason } Interrupted {}
);

impl TurnState {
    /// Whether nothing more will happen in this turn.
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Failed { .. } | Self::Interrupted)
    }
}

/// A turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    /// Its id.
    pub id: TurnId,
    /// The session it belongs to.
    pub session_id: SessionId,
    /// 1, 2, 3 … within the session: the order in which prompts were stored.
    pub number: u64,
    /// Of the turns that wait the one with the smallest place runs next. It is the number, unless the turn was sent
    /// before others.
    #[serde(default)]
    pub place: i64,
    /// The prompt.
    pub prompt: String,
    /// The files that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Where it stands.
    pub state: TurnState,
    /// When the prompt was stored.
    pub created_at: Timestamp,
    /// When the agent began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it cost; all zero until the agent has told.
    #[serde(default)]
    pub usage: Usage,
}

/// A prompt for a session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubmitPrompt {
    /// The prompt, at most [`MAX_PROMPT_BYTES`].
    pub prompt: String,
    /// A key of the caller's making: a repeat with the same key stores nothing and answers with the first turn.
    #[serde(default)]
    pub idempotency_key: Option<uuid::Uuid>,
    /// Whether to stop the turn that runs, and to run this prompt before all others that wait.
    #[serde(default)]
    pub steer: bool,
    /// The files that go with it, uploaded before. Each goes with one prompt.
    #[serde(default)]
    pub attachments: Vec<AttachmentId>,
}

/// A new text for a queued prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditPrompt {
    /// The new text, at most [`MAX_PROMPT_BYTES`].
    pub prompt: String,
}
