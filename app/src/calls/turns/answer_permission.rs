//! The call `turns/permission`.

use leptos::prelude::*;
use octobot_wire::permission::PermissionAnswered;
use octobot_wire::{ProjectId, SessionId, TurnId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Answers a request for permission, which `part_number` names within its turn, with one of its options.
#[server(name = AnswerPermissionCall, prefix = "/api/fn", endpoint = "turns/permission", input = PostJson, output = PostJson)]
pub async fn answer_permission(
    project: ProjectId,
    session: SessionId,
    turn: TurnId,
    part_number: u32,
    option: String,
) -> Result<PermissionAnswered, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    let request = octobot_wire::permission::AnswerPermission { option };
    let answered = backend.sessions.answer_permission(backend.caller, &project, session, turn, part_number, request);
    crate::calls::answer(answered).await
}
