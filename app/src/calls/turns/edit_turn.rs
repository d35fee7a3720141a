//! The call `turns/edit`.

use leptos::prelude::*;
use octobot_wire::turn::{EditPrompt, Turn};
use octobot_wire::{ProjectId, SessionId, TurnId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Changes a queued turn's prompt.
#[server(name = EditTurnCall, prefix = "/api/fn", endpoint = "turns/edit", protocol = PostJson)]
pub async fn edit_turn(project: ProjectId, id: SessionId, turn: TurnId, request: EditPrompt) -> Result<Turn, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.edit_turn(backend.caller, &project, id, turn, request)).await
}
