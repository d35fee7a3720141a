//! The call `sessions/detach`.

use leptos::prelude::*;
use octobot_wire::{AttachmentId, ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Deletes a file that was uploaded and that no prompt has taken.
#[server(name = DetachCall, prefix = "/api/fn", endpoint = "sessions/detach", protocol = PostJson)]
pub async fn detach(project: ProjectId, id: SessionId, attachment: AttachmentId) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.detach(backend.caller, &project, id, attachment)).await
}
