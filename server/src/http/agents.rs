//! `/api/projects/{project}/agents`

use axum::http::StatusCode;
use octobot_wire::agent::{Agent, SaveAgent};
use octobot_wire::mcp::{McpServer, SaveMcpServers};
use octobot_wire::{AgentId, Problem, ProjectId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Json};
use super::failure::Failure;

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update, delete))
        .routes(routes!(make_default))
        .routes(routes!(mcp_servers, save_mcp_servers))
}

/// The agents of a project, oldest first.
#[utoipa::path(get, path = "/api/projects/{project}/agents", tag = "agents", params(("project" = String, Path, description = "The project's id")), responses(
    (status = 200, description = "The agents", body = Vec<Agent>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn list(Backend(backend): Backend, Ids(project): Ids<ProjectId>) -> Result<axum::Json<Vec<Agent>>, Failure> {
    Ok(axum::Json(backend.projects.view(backend.caller, &project).await?.agents))
}

/// Creates an agent.
#[utoipa::path(post, path = "/api/projects/{project}/agents", tag = "agents", params(("project" = String, Path, description = "The project's id")), request_body = SaveAgent, responses(
    (status = 201, description = "Created", body = Agent),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn create(
    Backend(backend): Backend,
    Ids(project): Ids<ProjectId>,
    Json(request): Json<SaveAgent>,
) -> Result<(StatusCode, axum::Json<Agent>), Failure> {
    Ok((StatusCode::CREATED, axum::Json(backend.agents.create(backend.caller, &project, request).await?)))
}

/// Changes an agent.
#[utoipa::path(put, path = "/api/projects/{project}/agents/{agent}", tag = "agents", params(("project" = String, Path, description = "The project's id"), ("agent" = String, Path, description = "The agent's id")), request_body = SaveAgent, responses(
    (status = 200, description = "Changed", body = Agent),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn update(
    Backend(backend): Backend,
    Ids((project, agent)): Ids<(ProjectId, AgentId)>,
    Json(request): Json<SaveAgent>,
) -> Result<axum::Json<Agent>, Failure> {
    Ok(axum::Json(backend.agents.update(backend.caller, &project, agent, request).await?))
}

/// Deletes an agent that is not the default and has no sessions.
#[utoipa::path(delete, path = "/api/projects/{project}/agents/{agent}", tag = "agents", params(("project" = String, Path, description = "The project's id"), ("agent" = String, Path, description = "The agent's id")), responses(
    (status = 204, description = "Deleted"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn delete(
    Backend(backend): Backend,
    Ids((project, agent)): Ids<(ProjectId, AgentId)>,
) -> Result<StatusCode, Failure> {
    backend.agents.delete(backend.caller, &project, agent).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes an agent the one that new sessions take.
#[utoipa::path(put, path = "/api/projects/{project}/agents/{agent}/default", tag = "agents", params(("project" = String, Path, description = "The project's id"), ("agent" = String, Path, description = "The agent's id")), responses(
    (status = 200, description = "The default", body = Agent),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn make_default(
    Backend(backend): Backend,
    Ids((project, agent)): Ids<(ProjectId, AgentId)>,
) -> Result<axum::Json<Agent>, Failure> {
    Ok(axum::Json(backend.agents.make_default(backend.caller, &project, agent).await?))
}

/// The MCP servers of an agent. The values of their variables and headers are never told.
#[utoipa::path(get, path = "/api/projects/{project}/agents/{agent}/mcp-servers", tag = "agents", params(("project" = String, Path, description = "The project's id"), ("agent" = String, Path, description = "The agent's id")), responses(
    (status = 200, description = "The servers", body = Vec<McpServer>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn mcp_servers(
    Backend(backend): Backend,
    Ids((project, agent)): Ids<(ProjectId, AgentId)>,
) -> Result<axum::Json<Vec<McpServer>>, Failure> {
    Ok(axum::Json(backend.agents.mcp_servers(backend.caller, &project, agent).await?))
}

/// Replaces the MCP servers of an agent. The program is started with them before the next turn of each session.
///
/// Values of variables and headers are write-only: they are stored encrypted, and one that isn't given keeps what is
/// stored. The agent's program needs them, so they are visible inside its sandboxes.
#[utoipa::path(put, path = "/api/projects/{project}/agents/{agent}/mcp-servers", tag = "agents", params(("project" = String, Path, description = "The project's id"), ("agent" = String, Path, description = "The agent's id")), request_body = SaveMcpServers, responses(
    (status = 200, description = "The servers", body = Vec<McpServer>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn save_mcp_servers(
    Backend(backend): Backend,
    Ids((project, agent)): Ids<(ProjectId, AgentId)>,
    Json(request): Json<SaveMcpServers>,
) -> Result<axum::Json<Vec<McpServer>>, Failure> {
    Ok(axum::Json(backend.agents.save_mcp_servers(backend.caller, &project, agent, request).await?))
}
