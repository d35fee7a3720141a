//! The call `workspaces/add`.

use leptos::prelude::*;
use octobot_wire::ProjectId;
use octobot_wire::workspace::{AddWorkspace, Workspace};

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Adds a workspace.
#[server(name = AddWorkspaceCall, prefix = "/api/fn", endpoint = "workspaces/add", protocol = PostJson)]
pub async fn add_workspace(project: ProjectId, request: AddWorkspace) -> Result<Workspace, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.workspaces.add(backend.caller, &project, request)).await
}
