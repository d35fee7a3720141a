//! The call `code/make-branch`.

use leptos::prelude::*;
use octobot_wire::code::branches::{Branches, MakeBranch};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Makes a branch in a session's repository, and checks it out.
#[server(name = MakeBranchCall, prefix = "/api/fn", endpoint = "code/make-branch", protocol = PostJson)]
pub async fn make_branch(project: ProjectId, session: SessionId, request: MakeBranch) -> Result<Branches, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.make_branch(backend.caller, &project, session, request)).await
}
