//! The call `code/propose-pull-request`.

use leptos::prelude::*;
use octobot_wire::code::pull_request::PullRequestProposal;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// What a pull request for what a session made could say, and where it would be opened.
#[server(name = ProposePullRequestCall, prefix = "/api/fn", endpoint = "code/propose-pull-request", protocol = PostJson)]
pub async fn propose_pull_request(project: ProjectId, session: SessionId) -> Result<PullRequestProposal, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.propose_pull_request(backend.caller, &project, session)).await
}
