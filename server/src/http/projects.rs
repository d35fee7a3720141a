//! `/api/projects/{project}`

use octobot_wire::project::ProjectView;
use octobot_wire::{Problem, ProjectId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids};
use super::failure::Failure;

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(view))
}

/// A project with its workspaces, sessions and agents, as of one event.
#[utoipa::path(get, path = "/api/projects/{project}", tag = "projects", params(("project" = String, Path, description = "The project's id")), responses(
    (status = 200, description = "The project", body = ProjectView),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn view(Backend(backend): Backend, Ids(project): Ids<ProjectId>) -> Result<axum::Json<ProjectView>, Failure> {
    Ok(axum::Json(backend.projects.view(backend.caller, &project).await?))
}
