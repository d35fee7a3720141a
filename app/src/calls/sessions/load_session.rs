//! The call `sessions/view`.

use leptos::prelude::*;
use octobot_wire::session::SessionView;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Everything that a session's page shows.
#[server(name = LoadSessionCall, prefix = "/api/fn", endpoint = "sessions/view", protocol = PostJson)]
pub async fn load_session(project: ProjectId, id: SessionId) -> Result<SessionView, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.view(backend.caller, &project, id)).await
}
