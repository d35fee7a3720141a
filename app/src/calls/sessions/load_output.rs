//! The call `sessions/output`.

use leptos::prelude::*;
use octobot_wire::message::Output;
use octobot_wire::{PartId, ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Lines of a tool call's output from line `from` on.
#[server(name = LoadOutputCall, prefix = "/api/fn", endpoint = "sessions/output", protocol = PostJson)]
pub async fn load_output(project: ProjectId, id: SessionId, part: PartId, from: u64) -> Result<Output, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.output(backend.caller, &project, id, part, from)).await
}
