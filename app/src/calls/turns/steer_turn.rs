//! The call `turns/steer`.

use leptos::prelude::*;
use octobot_wire::turn::Turn;
use octobot_wire::{ProjectId, SessionId, TurnId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Sends a queued turn now.
#[server(name = SteerTurnCall, prefix = "/api/fn", endpoint = "turns/steer", protocol = PostJson)]
pub async fn steer_turn(project: ProjectId, id: SessionId, turn: TurnId) -> Result<Turn, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.steer_turn(backend.caller, &project, id, turn)).await
}
