//! The call `sessions/stop`.

use leptos::prelude::*;
use octobot_wire::session::Session;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Stops the sandbox, or cancels the building of it.
#[server(name = StopSessionCall, prefix = "/api/fn", endpoint = "sessions/stop", protocol = PostJson)]
pub async fn stop_session(project: ProjectId, id: SessionId) -> Result<Session, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.stop(backend.caller, &project, id)).await
}
