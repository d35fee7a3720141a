//! The call `code/fetch-origin`.

use leptos::prelude::*;
use octobot_wire::code::branches::FetchOutcome;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Fetches the branches of `origin` into a session's repository.
#[server(name = FetchOriginCall, prefix = "/api/fn", endpoint = "code/fetch-origin", protocol = PostJson)]
pub async fn fetch_origin(project: ProjectId, session: SessionId) -> Result<FetchOutcome, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.fetch_origin(backend.caller, &project, session)).await
}
