//! The call `workspaces/remove`.

use leptos::prelude::*;
use octobot_wire::{ProjectId, WorkspaceId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Removes a workspace and its sessions.
#[server(name = RemoveWorkspaceCall, prefix = "/api/fn", endpoint = "workspaces/remove", protocol = PostJson)]
pub async fn remove_workspace(project: ProjectId, id: WorkspaceId) -> Result<(), Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.workspaces.remove(backend.caller, &project, id)).await
}
