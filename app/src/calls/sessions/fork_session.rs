//! The call `sessions/fork`.

use leptos::prelude::*;
use octobot_wire::session::{ForkSession, Session};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Creates a session that goes on from where another one was.
#[server(name = ForkSessionCall, prefix = "/api/fn", endpoint = "sessions/fork", protocol = PostJson)]
pub async fn fork_session(project: ProjectId, id: SessionId, request: ForkSession) -> Result<Session, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.fork(backend.caller, &project, id, request)).await
}
