//! The call `sessions/start`.

use leptos::prelude::*;
use octobot_wire::session::Session;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Starts the stopped sandbox, or tries the failed stage again.
#[server(name = StartSessionCall, prefix = "/api/fn", endpoint = "sessions/start", protocol = PostJson)]
pub async fn start_session(project: ProjectId, id: SessionId) -> Result<Session, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.start(backend.caller, &project, id)).await
}
