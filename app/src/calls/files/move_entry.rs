//! The call `files/move`.

use leptos::prelude::*;
use octobot_wire::code::MoveEntry;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Gives a file or folder another path.
#[server(name = MoveEntryCall, prefix = "/api/fn", endpoint = "files/move", protocol = PostJson)]
pub async fn move_entry(project: ProjectId, session: SessionId, request: MoveEntry) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.files.move_entry(backend.caller, &project, session, request)).await
}
