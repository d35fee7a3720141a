//! `/api/projects/{project}/network`, and what a workspace adds to it.

use axum::http::StatusCode;
use octobot_wire::network::{
    AllowHost, DisallowHost, EffectivePolicy, HostAllowed, HostVerdict, NetworkAdditions, NetworkPolicy, NetworkView,
    PolicyScope,
};
use octobot_wire::{Problem, ProjectId, WorkspaceId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Json, Parameters};
use super::failure::Failure;

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(view, save))
        .routes(routes!(effective))
        .routes(routes!(check))
        .routes(routes!(allow))
        .routes(routes!(disallow))
        .routes(routes!(additions, save_additions))
}

/// The network policy of a project, and the presets that there are.
#[utoipa::path(get, path = "/api/projects/{project}/network", tag = "network", params(("project" = String, Path, description = "The project's id")), responses(
    (status = 200, description = "The policy", body = NetworkView),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn view(Backend(backend): Backend, Ids(project): Ids<ProjectId>) -> Result<axum::Json<NetworkView>, Failure> {
    Ok(axum::Json(backend.network.view(backend.caller, &project).await?))
}

/// Replaces the network policy of a project. It is in force within a moment, also in sandboxes that run.
///
/// `revision` is that of the policy that the change was made from; where somebody else was faster, nothing is changed (409).
#[utoipa::path(put, path = "/api/projects/{project}/network", tag = "network", params(("project" = String, Path, description = "The project's id")), request_body = NetworkPolicy, responses(
    (status = 200, description = "The policy as it is stored", body = NetworkPolicy),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn save(
    Backend(backend): Backend,
    Ids(project): Ids<ProjectId>,
    Json(request): Json<NetworkPolicy>,
) -> Result<axum::Json<NetworkPolicy>, Failure> {
    Ok(axum::Json(backend.network.save(backend.caller, &project, request).await?))
}

/// All rules in force, and where each comes from.
#[utoipa::path(get, path = "/api/projects/{project}/network/effective", tag = "network", params(("project" = String, Path, description = "The project's id"), PolicyScope), responses(
    (status = 200, description = "The rules", body = EffectivePolicy),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn effective(
    Backend(backend): Backend,
    Ids(project): Ids<ProjectId>,
    Parameters(scope): Parameters<PolicyScope>,
) -> Result<axum::Json<EffectivePolicy>, Failure> {
    Ok(axum::Json(backend.network.effective(backend.caller, &project, scope).await?))
}

/// What is asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// A name or an address, with a port or without, or a URL.
    host: String,
}

/// Whether a host would be reached, and by which rule. Names aren't resolved: one that leads to a private address is refused
/// all the same, unless its rule says otherwise.
#[utoipa::path(get, path = "/api/projects/{project}/network/check", tag = "network", params(("project" = String, Path, description = "The project's id"), Asked, PolicyScope), responses(
    (status = 200, description = "What the policy says", body = HostVerdict),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn check(
    Backend(backend): Backend,
    Ids(project): Ids<ProjectId>,
    Parameters(asked): Parameters<Asked>,
    Parameters(scope): Parameters<PolicyScope>,
) -> Result<axum::Json<HostVerdict>, Failure> {
    Ok(axum::Json(backend.network.check(backend.caller, &project, scope, &asked.host).await?))
}

/// Lets a host be reached: adds it to the project's list or to a workspace's. Nothing is added where it is reached already.
#[utoipa::path(post, path = "/api/projects/{project}/network/allow", tag = "network", params(("project" = String, Path, description = "The project's id")), request_body = AllowHost, responses(
    (status = 200, description = "What was added, for taking it back", body = HostAllowed),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn allow(
    Backend(backend): Backend,
    Ids(project): Ids<ProjectId>,
    Json(request): Json<AllowHost>,
) -> Result<axum::Json<HostAllowed>, Failure> {
    Ok(axum::Json(backend.network.allow(backend.caller, &project, request).await?))
}

/// Takes an allowed host from the project's list or from a workspace's. One that isn't there needn't be taken.
#[utoipa::path(post, path = "/api/projects/{project}/network/disallow", tag = "network", params(("project" = String, Path, description = "The project's id")), request_body = DisallowHost, responses(
    (status = 204, description = "It isn't in the list"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn disallow(
    Backend(backend): Backend,
    Ids(project): Ids<ProjectId>,
    Json(request): Json<DisallowHost>,
) -> Result<StatusCode, Failure> {
    backend.network.disallow(backend.caller, &project, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a workspace adds to its project's policy.
#[utoipa::path(get, path = "/api/projects/{project}/workspaces/{workspace}/network", tag = "network", params(("project" = String, Path, description = "The project's id"), ("workspace" = String, Path, description = "The workspace's id")), responses(
    (status = 200, description = "The additions", body = NetworkAdditions),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn additions(
    Backend(backend): Backend,
    Ids((project, workspace)): Ids<(ProjectId, WorkspaceId)>,
) -> Result<axum::Json<NetworkAdditions>, Failure> {
    Ok(axum::Json(backend.network.additions(backend.caller, &project, workspace).await?))
}

/// Replaces what a workspace adds to its project's policy. `revision` is that of the additions that the change was made from.
#[utoipa::path(put, path = "/api/projects/{project}/workspaces/{workspace}/network", tag = "network", params(("project" = String, Path, description = "The project's id"), ("workspace" = String, Path, description = "The workspace's id")), request_body = NetworkAdditions, responses(
    (status = 200, description = "The additions as they are stored", body = NetworkAdditions),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn save_additions(
    Backend(backend): Backend,
    Ids((project, workspace)): Ids<(ProjectId, WorkspaceId)>,
    Json(request): Json<NetworkAdditions>,
) -> Result<axum::Json<NetworkAdditions>, Failure> {
    Ok(axum::Json(backend.network.save_additions(backend.caller, &project, workspace, request).await?))
}
