//! The call `turns/submit`.

use leptos::prelude::*;
use octobot_wire::turn::{SubmitPrompt, Turn};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Stores a prompt as a queued turn.
#[server(name = SubmitPromptCall, prefix = "/api/fn", endpoint = "turns/submit", protocol = PostJson)]
pub async fn submit_prompt(project: ProjectId, id: SessionId, request: SubmitPrompt) -> Result<Turn, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.submit(backend.caller, &project, id, request)).await
}
