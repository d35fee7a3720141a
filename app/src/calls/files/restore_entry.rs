//! The call `files/restore`.

use leptos::prelude::*;
use octobot_wire::code::Trashed;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Brings back what was deleted.
#[server(name = RestoreEntryCall, prefix = "/api/fn", endpoint = "files/restore", protocol = PostJson)]
pub async fn restore_entry(project: ProjectId, session: SessionId, trashed: Trashed) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.files.restore_entry(backend.caller, &project, session, trashed)).await
}
