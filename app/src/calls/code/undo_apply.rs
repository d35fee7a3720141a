//! The call `code/undo-apply`.

use leptos::prelude::*;
use octobot_wire::code::repository::Applied;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Puts a workspace's branch back to where it was before that.
#[server(name = UndoApplyCall, prefix = "/api/fn", endpoint = "code/undo-apply", protocol = PostJson)]
pub async fn undo_apply(project: ProjectId, session: SessionId, applied: Applied) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.undo_apply(backend.caller, &project, session, applied)).await
}
