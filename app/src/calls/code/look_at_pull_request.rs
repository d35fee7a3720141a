//! The call `code/look-at-pull-request`.

use leptos::prelude::*;
use octobot_wire::code::pull_request::PullRequest;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Asks the forge where a pull request stands.
#[server(name = LookAtPullRequestCall, prefix = "/api/fn", endpoint = "code/look-at-pull-request", protocol = PostJson)]
pub async fn look_at_pull_request(project: ProjectId, session: SessionId, number: u64) -> Result<PullRequest, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.look_at_pull_request(backend.caller, &project, session, number)).await
}
