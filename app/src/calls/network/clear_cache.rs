//! The call `network/clear-cache`.

use leptos::prelude::*;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Removes everything from the cache that the project's sandboxes share.
#[server(name = ClearCacheCall, prefix = "/api/fn", endpoint = "network/clear-cache", protocol = PostJson)]
pub async fn clear_cache(project: ProjectId, session: SessionId) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.traffic.clear_cache(backend.caller, &project, session)).await
}
