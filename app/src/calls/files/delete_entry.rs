//! The call `files/delete`.

use leptos::prelude::*;
use octobot_wire::code::Trashed;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Deletes a file or folder, so that it can be brought back.
#[server(name = DeleteEntryCall, prefix = "/api/fn", endpoint = "files/delete", protocol = PostJson)]
pub async fn delete_entry(project: ProjectId, session: SessionId, path: String) -> Result<Trashed, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.files.delete_entry(backend.caller, &project, session, &path)).await
}
