//! `/api/projects/{project}/workspaces`

use axum::http::StatusCode;
use octobot_wire::workspace::{AddWorkspace, RenameWorkspace, Workspace, WorkspaceLimits};
use octobot_wire::{Problem, ProjectId, WorkspaceId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Json};
use super::failure::Failure;

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    let one = OpenApiRouter::new().routes(routes!(rename, remove)).routes(routes!(refresh)).routes(routes!(limit));
    one.routes(routes!(list, add))
}

/// The workspaces of a project, oldest first.
#[utoipa::path(get, path = "/api/projects/{project}/workspaces", tag = "workspaces", params(("project" = String, Path, description = "The project's id")), responses(
    (status = 200, description = "The workspaces", body = Vec<Workspace>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn list(Backend(backend): Backend, Ids(project): Ids<ProjectId>) -> Result<axum::Json<Vec<Workspace>>, Failure> {
    Ok(axum::Json(backend.projects.view(backend.caller, &project).await?.workspaces))
}

/// Adds a workspace. It is looked at, and cloned, in the background: follow its state.
#[utoipa::path(post, path = "/api/projects/{project}/workspaces", tag = "workspaces", params(("project" = String, Path, description = "The project's id")), request_body = AddWorkspace, responses(
    (status = 201, description = "Added", body = Workspace),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn add(
    Backend(backend): Backend,
    Ids(project): Ids<ProjectId>,
    Json(request): Json<AddWorkspace>,
) -> Result<(StatusCode, axum::Json<Workspace>), Failure> {
    Ok((StatusCode::CREATED, axum::Json(backend.workspaces.add(backend.caller, &project, request).await?)))
}

/// Renames a workspace.
#[utoipa::path(patch, path = "/api/projects/{project}/workspaces/{workspace}", tag = "workspaces", params(("project" = String, Path, description = "The project's id"), ("workspace" = String, Path, description = "The workspace's id")), request_body = RenameWorkspace, responses(
    (status = 200, description = "Renamed", body = Workspace),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn rename(
    Backend(backend): Backend,
    Ids((project, workspace)): Ids<(ProjectId, WorkspaceId)>,
    Json(request): Json<RenameWorkspace>,
) -> Result<axum::Json<Workspace>, Failure> {
    Ok(axum::Json(backend.workspaces.rename(backend.caller, &project, workspace, request).await?))
}

/// Says what each of its sandboxes may use up, from their next start on: all of it, within the server's ceiling.
#[utoipa::path(put, path = "/api/projects/{project}/workspaces/{workspace}/limits", tag = "workspaces", params(("project" = String, Path, description = "The project's id"), ("workspace" = String, Path, description = "The workspace's id")), request_body = WorkspaceLimits, responses(
    (status = 200, description = "Changed", body = Workspace),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn limit(
    Backend(backend): Backend,
    Ids((project, workspace)): Ids<(ProjectId, WorkspaceId)>,
    Json(request): Json<WorkspaceLimits>,
) -> Result<axum::Json<Workspace>, Failure> {
    Ok(axum::Json(backend.workspaces.limit(backend.caller, &project, workspace, request).await?))
}

/// Removes a workspace with its sessions, in the background. Its source is not touched.
#[utoipa::path(delete, path = "/api/projects/{project}/workspaces/{workspace}", tag = "workspaces", params(("project" = String, Path, description = "The project's id"), ("workspace" = String, Path, description = "The workspace's id")), responses(
    (status = 202, description = "Being removed"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn remove(
    Backend(backend): Backend,
    Ids((project, workspace)): Ids<(ProjectId, WorkspaceId)>,
) -> Result<StatusCode, Failure> {
    backend.workspaces.remove(backend.caller, &project, workspace).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Looks at the source again and fetches what is new, in the background. Also the retry after an error.
#[utoipa::path(post, path = "/api/projects/{project}/workspaces/{workspace}/refresh", tag = "workspaces", params(("project" = String, Path, description = "The project's id"), ("workspace" = String, Path, description = "The workspace's id")), responses(
    (status = 202, description = "Being refreshed", body = Workspace),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn refresh(
    Backend(backend): Backend,
    Ids((project, workspace)): Ids<(ProjectId, WorkspaceId)>,
) -> Result<(StatusCode, axum::Json<Workspace>), Failure> {
    Ok((StatusCode::ACCEPTED, axum::Json(backend.workspaces.refresh(backend.caller, &project, workspace).await?)))
}
