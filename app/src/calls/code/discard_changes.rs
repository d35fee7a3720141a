//! The call `code/discard-changes`.

use leptos::prelude::*;
use octobot_wire::code::repository::{DiscardChanges, Discarded};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Puts files of a session back to what its last commit has.
#[server(name = DiscardChangesCall, prefix = "/api/fn", endpoint = "code/discard-changes", protocol = PostJson)]
pub async fn discard_changes(
    project: ProjectId,
    session: SessionId,
    request: DiscardChanges,
) -> Result<Discarded, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.discard(backend.caller, &project, session, request)).await
}
