//! The call `code/discard-lines`.

use leptos::prelude::*;
use octobot_wire::code::DiscardLines;
use octobot_wire::code::repository::Discarded;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Puts lines of a file of a session back to what it had when the session started, or before a turn.
#[server(name = DiscardLinesCall, prefix = "/api/fn", endpoint = "code/discard-lines", protocol = PostJson)]
pub async fn discard_lines(
    project: ProjectId,
    session: SessionId,
    request: DiscardLines,
) -> Result<Discarded, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.discard_lines(backend.caller, &project, session, request)).await
}
