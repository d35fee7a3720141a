//! The call `code/open-pull-request`.

use leptos::prelude::*;
use octobot_wire::code::pull_request::{OpenPullRequest, OpenedPullRequest};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Pushes what a session made and opens a pull request for it, or finds the one that is open.
#[server(name = OpenPullRequestCall, prefix = "/api/fn", endpoint = "code/open-pull-request", protocol = PostJson)]
pub async fn open_pull_request(
    project: ProjectId,
    session: SessionId,
    request: OpenPullRequest,
) -> Result<OpenedPullRequest, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.open_pull_request(backend.caller, &project, session, request)).await
}
