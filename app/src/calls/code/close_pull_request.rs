//! The call `code/close-pull-request`.

use leptos::prelude::*;
use octobot_wire::code::pull_request::PullRequest;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Closes a pull request; its branch stays.
#[server(name = ClosePullRequestCall, prefix = "/api/fn", endpoint = "code/close-pull-request", protocol = PostJson)]
pub async fn close_pull_request(project: ProjectId, session: SessionId, number: u64) -> Result<PullRequest, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.close_pull_request(backend.caller, &project, session, number)).await
}
