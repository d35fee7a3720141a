//! The call `code/load-repository`.

use leptos::prelude::*;
use octobot_wire::code::repository::RepositoryState;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Where a session's repository stands.
#[server(name = LoadRepositoryCall, prefix = "/api/fn", endpoint = "code/load-repository", protocol = PostJson)]
pub async fn load_repository(project: ProjectId, session: SessionId) -> Result<RepositoryState, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.state(backend.caller, &project, session)).await
}
