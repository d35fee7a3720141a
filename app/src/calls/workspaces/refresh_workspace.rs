//! The call `workspaces/refresh`.

use leptos::prelude::*;
use octobot_wire::workspace::Workspace;
use octobot_wire::{ProjectId, WorkspaceId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Looks at a workspace's source again; also the retry after an error.
#[server(name = RefreshWorkspaceCall, prefix = "/api/fn", endpoint = "workspaces/refresh", protocol = PostJson)]
pub async fn refresh_workspace(project: ProjectId, id: WorkspaceId) -> Result<Workspace, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.workspaces.refresh(backend.caller, &project, id)).await
}
