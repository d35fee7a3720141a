//! The call `code/commit-changes`.

use leptos::prelude::*;
use octobot_wire::code::repository::{LoggedCommit, MakeCommit};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Commits changes in a session's repository.
#[server(name = CommitChangesCall, prefix = "/api/fn", endpoint = "code/commit-changes", protocol = PostJson)]
pub async fn commit_changes(
    project: ProjectId,
    session: SessionId,
    request: MakeCommit,
) -> Result<LoggedCommit, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.commit(backend.caller, &project, session, request)).await
}
