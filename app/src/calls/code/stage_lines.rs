//! The call `code/stage-lines`.

use leptos::prelude::*;
use octobot_wire::code::{LinesStaged, StageLines};
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Stages lines of the difference since a session started, or takes them back.
#[server(name = StageLinesCall, prefix = "/api/fn", endpoint = "code/stage-lines", protocol = PostJson)]
pub async fn stage_lines(project: ProjectId, session: SessionId, request: StageLines) -> Result<LinesStaged, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.repository.stage_lines(backend.caller, &project, session, request)).await
}
