//! The call `code/changes`.

use leptos::prelude::*;
use octobot_wire::code::Changes;
use octobot_wire::{ProjectId, SessionId, TurnId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// What a session has changed since it started, or what one of its turns did.
#[server(name = LoadChangesCall, prefix = "/api/fn", endpoint = "code/changes", protocol = PostJson)]
pub async fn load_changes(project: ProjectId, session: SessionId, turn: Option<TurnId>) -> Result<Changes, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.code.changes(backend.caller, &project, session, turn)).await
}
