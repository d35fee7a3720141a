//! The call `sessions/files`.

use leptos::prelude::*;
use octobot_wire::{ProjectId, SessionId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Finds files of the session's copy of the code by a part of their path.
#[server(name = FindFilesCall, prefix = "/api/fn", endpoint = "sessions/files", protocol = PostJson)]
pub async fn find_files(project: ProjectId, id: SessionId, name: String) -> Result<Vec<String>, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.sessions.find_files(backend.caller, &project, id, &name)).await
}
