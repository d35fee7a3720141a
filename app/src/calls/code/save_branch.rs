//! The call `code/save-branch`.

use leptos::prelude::*;
use octobot_wire::code::SavedBranch;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Puts what a session made into its workspace's repository, as a branch.
#[server(name = SaveBranchCall, prefix = "/api/fn", endpoint = "code/save-branch", protocol = PostJson)]
pub async fn save_branch(project: ProjectId, session: SessionId) -> Result<SavedBranch, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.code.save_branch(backend.caller, &project, session)).await
}
