//! The call `code/stage-changes`.

use leptos::prelude::*;
use octobot_wire::code::StageChanges;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Stages changes of a session, or takes them back from what is staged.
#[server(name = StageChangesCall, prefix = "/api/fn", endpoint = "code/stage-changes", protocol = PostJson)]
pub async fn stage_changes(project: ProjectId, session: SessionId, request: StageChanges) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.stage(backend.caller, &project, session, request)).await
}
