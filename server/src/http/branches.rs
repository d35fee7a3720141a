//! `/api/projects/{project}/sessions/{session}/repository/branches`: the branches of a session's repository, while its sandbox runs.

use octobot_wire::code::branches::{Branches, CheckoutBranch, CheckoutOutcome, FetchOutcome, MakeBranch};
use octobot_wire::{Problem, ProjectId, SessionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Json};
use super::failure::Failure;

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, make)).routes(routes!(check_out)).routes(routes!(fetch))
}

/// The branches of a session's repository, and which is checked out: its own, and those of others as they were when they were last
/// fetched.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/repository/branches", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The branches", body = Branches),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn list(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<axum::Json<Branches>, Failure> {
    Ok(axum::Json(backend.repository.branches(backend.caller, &project, session).await?))
}

/// Makes a branch where HEAD is, and checks it out. What isn't committed comes along. Not while a turn runs (409).
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/repository/branches", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = MakeBranch, responses(
    (status = 200, description = "The branches, with the new one", body = Branches),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn make(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<MakeBranch>,
) -> Result<axum::Json<Branches>, Failure> {
    Ok(axum::Json(backend.repository.make_branch(backend.caller, &project, session, request).await?))
}

/// Checks a branch out. Changes that aren't committed come along only where that is wanted, and nothing is overwritten that no commit has:
/// then nothing is checked out, and the answer says which files are in the way. Not while a turn runs (409).
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/repository/branches/checkout", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = CheckoutBranch, responses(
    (status = 200, description = "What came of it", body = CheckoutOutcome),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn check_out(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<CheckoutBranch>,
) -> Result<axum::Json<CheckoutOutcome>, Failure> {
    Ok(axum::Json(backend.repository.check_out(backend.caller, &project, session, request).await?))
}

/// Fetches the branches of `origin` into the session's repository, as far as the session's network reaches it; an answer says why not. To
/// end the request ends that.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/repository/branches/fetch", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "What came of it", body = FetchOutcome),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn fetch(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<axum::Json<FetchOutcome>, Failure> {
    Ok(axum::Json(backend.repository.fetch_origin(backend.caller, &project, session).await?))
}
