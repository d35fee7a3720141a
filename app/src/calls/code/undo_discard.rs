//! The call `code/undo-discard`.

use leptos::prelude::*;
use octobot_wire::code::repository::Discarded;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Brings back what was thrown away in a session.
#[server(name = UndoDiscardCall, prefix = "/api/fn", endpoint = "code/undo-discard", protocol = PostJson)]
pub async fn undo_discard(project: ProjectId, session: SessionId, discarded: Discarded) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.undo_discard(backend.caller, &project, session, discarded.number)).await
}
