//! The call `code/check-out-branch`.

use leptos::prelude::*;
use octobot_wire::code::branches::{CheckoutBranch, CheckoutOutcome};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Checks out a branch of a session's repository.
#[server(name = CheckOutBranchCall, prefix = "/api/fn", endpoint = "code/check-out-branch", protocol = PostJson)]
pub async fn check_out_branch(
    project: ProjectId,
    session: SessionId,
    request: CheckoutBranch,
) -> Result<CheckoutOutcome, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.check_out(backend.caller, &project, session, request)).await
}
