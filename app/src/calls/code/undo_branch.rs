//! The call `code/undo-branch`.

use leptos::prelude::*;
use octobot_wire::code::SavedBranch;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Removes a branch that a session was saved as, unless it has moved since.
#[server(name = UndoBranchCall, prefix = "/api/fn", endpoint = "code/undo-branch", protocol = PostJson)]
pub async fn undo_branch(project: ProjectId, session: SessionId, saved: SavedBranch) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.code.undo_branch(backend.caller, &project, session, saved)).await
}
