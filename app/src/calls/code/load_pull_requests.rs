//! The call `code/load-pull-requests`.

use leptos::prelude::*;
use octobot_wire::code::pull_request::PullRequest;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// The pull requests that were opened for what a session made, the latest first.
#[server(name = LoadPullRequestsCall, prefix = "/api/fn", endpoint = "code/load-pull-requests", protocol = PostJson)]
pub async fn load_pull_requests(project: ProjectId, session: SessionId) -> Result<Vec<PullRequest>, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.pull_requests(backend.caller, &project, session)).await
}
