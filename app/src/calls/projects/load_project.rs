//! The call `projects/view`.

use leptos::prelude::*;
use octobot_wire::ProjectId;
use octobot_wire::project::ProjectView;

use crate::calls::Failure;
use crate::calls::encoding::PostJson;

/// Everything that the frame around a page shows.
#[server(name = LoadProjectCall, prefix = "/api/fn", endpoint = "projects/view", protocol = PostJson)]
pub async fn load_project(project: ProjectId) -> Result<ProjectView, Failure> {
    let backend = expect_context::<crate::ports::Backend>();
    crate::calls::answer(backend.projects.view(backend.caller, &project)).await
}
