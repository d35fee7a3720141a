//! The call `turns/delete`.

use leptos::prelude::*;
use octobot_wire::{ProjectId, SessionId, TurnId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Deletes a queued turn.
#[server(name = DeleteTurnCall, prefix = "/api/fn", endpoint = "turns/delete", protocol = PostJson)]
pub async fn delete_turn(project: ProjectId, id: SessionId, turn: TurnId) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.delete_turn(backend.caller, &project, id, turn)).await
}
