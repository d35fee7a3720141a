//! The call `workspaces/rename`.

use leptos::prelude::*;
use octobot_wire::workspace::{RenameWorkspace, Workspace};
use octobot_wire::{ProjectId, WorkspaceId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Renames a workspace.
#[server(name = RenameWorkspaceCall, prefix = "/api/fn", endpoint = "workspaces/rename", protocol = PostJson)]
pub async fn rename_workspace(
    project: ProjectId,
    id: WorkspaceId,
    request: RenameWorkspace,
) -> Result<Workspace, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.workspaces.rename(backend.caller, &project, id, request)).await
}
