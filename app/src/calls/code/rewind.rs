//! The call `code/rewind`.

use leptos::prelude::*;
use octobot_wire::code::Rewound;
use octobot_wire::{ProjectId, SessionId, TurnId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Puts files, branch and index back to what they were before a turn, and the conversation if that is wanted.
#[server(name = RewindCall, prefix = "/api/fn", endpoint = "code/rewind", protocol = PostJson)]
pub async fn rewind(
    project: ProjectId,
    session: SessionId,
    turn: TurnId,
    conversation: bool,
) -> Result<Rewound, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.code.rewind(backend.caller, &project, session, turn, conversation)).await
}
