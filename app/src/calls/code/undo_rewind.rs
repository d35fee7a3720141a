//! The call `code/undo-rewind`.

use leptos::prelude::*;
use octobot_wire::code::Rewound;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Puts files back to what they were before they were put back, with the conversation if that went back as well.
/// Without a number the last rewind of the conversation is meant.
#[server(name = UndoRewindCall, prefix = "/api/fn", endpoint = "code/undo-rewind", protocol = PostJson)]
pub async fn undo_rewind(project: ProjectId, session: SessionId, number: Option<u32>) -> Result<Rewound, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.code.undo_rewind(backend.caller, &project, session, number)).await
}
