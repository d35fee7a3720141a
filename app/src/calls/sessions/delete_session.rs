//! The call `sessions/delete`.

use leptos::prelude::*;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Deletes a session with its sandbox and all data.
#[server(name = DeleteSessionCall, prefix = "/api/fn", endpoint = "sessions/delete", protocol = PostJson)]
pub async fn delete_session(project: ProjectId, id: SessionId) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.delete(backend.caller, &project, id)).await
}
