//! The call `code/ask-to-commit`.

use leptos::prelude::*;
use octobot_wire::code::{AskToCommit, AskedToCommit};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Has a session's agent commit what isn't committed.
#[server(name = AskToCommitCall, prefix = "/api/fn", endpoint = "code/ask-to-commit", protocol = PostJson)]
pub async fn ask_to_commit(
    project: ProjectId,
    session: SessionId,
    request: AskToCommit,
) -> Result<AskedToCommit, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.ask_to_commit(backend.caller, &project, session, request)).await
}
