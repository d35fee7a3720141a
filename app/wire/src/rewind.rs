//! What rewinding a conversation has set aside. Going back to before a turn is in `code`, with the files.

use serde::{Deserialize, Serialize};

/// Messages one after the other that were set aside: they can still be read, but the agent isn't told them any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Stretch {
    /// The number of the first of them.
    pub first: u64,
    /// The number of the last of them.
    pub last: u64,
    /// How many turns left them.
    pub turns: u64,
    /// The number by which the last rewind is undone: of the last stretch, as long as nothing was said since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<u32>,
}
