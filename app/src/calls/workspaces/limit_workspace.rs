//! The call `workspaces/limit`.

use leptos::prelude::*;
use octobot_wire::workspace::{Workspace, WorkspaceLimits};
use octobot_wire::{ProjectId, WorkspaceId};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Says what each sandbox of a workspace may use up.
#[server(name = LimitWorkspaceCall, prefix = "/api/fn", endpoint = "workspaces/limit", protocol = PostJson)]
pub async fn limit_workspace(
    project: ProjectId,
    id: WorkspaceId,
    request: WorkspaceLimits,
) -> Result<Workspace, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.workspaces.limit(backend.caller, &project, id, request)).await
}
