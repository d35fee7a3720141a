//! The call `code/branches`.

use leptos::prelude::*;
use octobot_wire::code::branches::Branches;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// The branches of a session's repository.
#[server(name = LoadBranchesCall, prefix = "/api/fn", endpoint = "code/branches", protocol = PostJson)]
pub async fn load_branches(project: ProjectId, session: SessionId) -> Result<Branches, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.branches(backend.caller, &project, session)).await
}
