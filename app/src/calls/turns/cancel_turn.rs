//! The call `turns/cancel`.

use leptos::prelude::*;
use octobot_wire::turn::Turn;
use octobot_wire::{ProjectId, SessionId, TurnId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Stops a turn.
#[server(name = CancelTurnCall, prefix = "/api/fn", endpoint = "turns/cancel", protocol = PostJson)]
pub async fn cancel_turn(project: ProjectId, id: SessionId, turn: TurnId) -> Result<Turn, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.cancel_turn(backend.caller, &project, id, turn)).await
}
