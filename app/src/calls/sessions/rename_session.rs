//! The call `sessions/rename`.

use leptos::prelude::*;
use octobot_wire::session::{RenameSession, Session};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Gives a session a display name, or takes it away.
#[server(name = RenameSessionCall, prefix = "/api/fn", endpoint = "sessions/rename", protocol = PostJson)]
pub async fn rename_session(project: ProjectId, id: SessionId, request: RenameSession) -> Result<Session, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.rename(backend.caller, &project, id, request)).await
}
