//! The call `sessions/create`.

use leptos::prelude::*;
use octobot_wire::ProjectId;
use octobot_wire::session::{CreateSession, Session};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Creates a session.
#[server(name = CreateSessionCall, prefix = "/api/fn", endpoint = "sessions/create", protocol = PostJson)]
pub async fn create_session(project: ProjectId, request: CreateSession) -> Result<Session, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.create(backend.caller, &project, request)).await
}
