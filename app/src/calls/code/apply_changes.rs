//! The call `code/apply-changes`.

use leptos::prelude::*;
use octobot_wire::code::repository::{ApplyChanges, ApplyOutcome};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Puts what a session made onto the branch that its workspace is on.
#[server(name = ApplyChangesCall, prefix = "/api/fn", endpoint = "code/apply-changes", protocol = PostJson)]
pub async fn apply_changes(
    project: ProjectId,
    session: SessionId,
    request: ApplyChanges,
) -> Result<ApplyOutcome, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.apply(backend.caller, &project, session, request)).await
}
