//! The call `turns/permission`.

use leptos::prelude::*;
use octobot_wire::permission::{AnswerPermission, PermissionAnswered};
use octobot_wire::{ProjectId, SessionId, TurnId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Answers what an agent asks. `part_number` names the request within its turn.
#[server(name = AnswerPermissionCall, prefix = "/api/fn", endpoint = "turns/permission", protocol = PostJson)]
pub async fn answer_permission(
    project: ProjectId,
    session: SessionId,
    turn: TurnId,
    part_number: u32,
    request: AnswerPermission,
) -> Result<PermissionAnswered, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    let answered = backend.sessions.answer_permission(backend.caller, &project, session, turn, part_number, request);
    crate::calls::answer(answered).await
}
