//! The call `code/push-changes`.

use leptos::prelude::*;
use octobot_wire::code::repository::Pushed;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Pushes what a session made to where its workspace's code comes from, as a branch.
#[server(name = PushChangesCall, prefix = "/api/fn", endpoint = "code/push-changes", protocol = PostJson)]
pub async fn push_changes(project: ProjectId, session: SessionId) -> Result<Pushed, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.push(backend.caller, &project, session)).await
}
