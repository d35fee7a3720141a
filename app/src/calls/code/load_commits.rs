//! The call `code/load-commits`.

use leptos::prelude::*;
use octobot_wire::code::repository::{CommitPage, LogQuery};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Commits of a session's repository.
#[server(name = LoadCommitsCall, prefix = "/api/fn", endpoint = "code/load-commits", protocol = PostJson)]
pub async fn load_commits(project: ProjectId, session: SessionId, query: LogQuery) -> Result<CommitPage, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.log(backend.caller, &project, session, query)).await
}
