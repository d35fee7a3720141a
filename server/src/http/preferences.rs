//! `/api/preferences` and `/api/agent-types`: what belongs to no project.

use octobot_wire::Problem;
use octobot_wire::agent::AgentType;
use octobot_wire::preferences::Preferences;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Json};
use super::failure::Failure;
use crate::domain::agent_type::agent_types;

/// The routes of these resources.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(read, save)).routes(routes!(list_agent_types))
}

/// The caller's preferences.
#[utoipa::path(get, path = "/api/preferences", tag = "preferences", responses(
    (status = 200, description = "The preferences", body = Preferences),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn read(Backend(backend): Backend) -> Result<axum::Json<Preferences>, Failure> {
    Ok(axum::Json(backend.projects.preferences(backend.caller).await?))
}

/// Replaces the caller's preferences. Panel widths are brought within their bounds.
#[utoipa::path(put, path = "/api/preferences", tag = "preferences", request_body = Preferences, responses(
    (status = 200, description = "The preferences as they were saved", body = Preferences),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn save(Backend(backend): Backend, Json(request): Json<Preferences>) -> Result<axum::Json<Preferences>, Failure> {
    Ok(axum::Json(backend.projects.save_preferences(backend.caller, request).await?))
}

/// The agent types that this server knows.
#[utoipa::path(get, path = "/api/agent-types", tag = "agents", responses(
    (status = 200, description = "The agent types", body = Vec<AgentType>)
))]
async fn list_agent_types() -> axum::Json<Vec<AgentType>> {
    axum::Json(agent_types())
}
