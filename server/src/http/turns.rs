//! `/api/projects/{project}/sessions/{session}/turns`

use axum::http::StatusCode;
use octobot_wire::permission::{AnswerPermission, PermissionAnswered};
use octobot_wire::turn::{EditPrompt, SubmitPrompt, Turn};
use octobot_wire::{Problem, ProjectId, SessionId, TurnId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Json};
use super::failure::Failure;

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, submit))
        .routes(routes!(edit, delete))
        .routes(routes!(cancel))
        .routes(routes!(steer))
        .routes(routes!(answer_permission))
}

/// The turns that have not ended, in the order they run.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/turns", tag = "turns", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The turns", body = Vec<Turn>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn list(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<axum::Json<Vec<Turn>>, Failure> {
    Ok(axum::Json(backend.sessions.view(backend.caller, &project, session).await?.turns))
}

/// Stores a prompt as a queued turn. It is delivered when the sandbox is ready and no other turn runs; one that steers
/// has the turn that runs stopped, and goes before all others that wait.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/turns", tag = "turns", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = SubmitPrompt, responses(
    (status = 201, description = "Queued", body = Turn),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn submit(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<SubmitPrompt>,
) -> Result<(StatusCode, axum::Json<Turn>), Failure> {
    Ok((StatusCode::CREATED, axum::Json(backend.sessions.submit(backend.caller, &project, session, request).await?)))
}

/// Changes a queued prompt.
#[utoipa::path(patch, path = "/api/projects/{project}/sessions/{session}/turns/{turn}", tag = "turns", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("turn" = String, Path, description = "The turn's id")), request_body = EditPrompt, responses(
    (status = 200, description = "Changed", body = Turn),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn edit(
    Backend(backend): Backend,
    Ids((project, session, turn)): Ids<(ProjectId, SessionId, TurnId)>,
    Json(request): Json<EditPrompt>,
) -> Result<axum::Json<Turn>, Failure> {
    Ok(axum::Json(backend.sessions.edit_turn(backend.caller, &project, session, turn, request).await?))
}

/// Deletes a queued prompt.
#[utoipa::path(delete, path = "/api/projects/{project}/sessions/{session}/turns/{turn}", tag = "turns", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("turn" = String, Path, description = "The turn's id")), responses(
    (status = 204, description = "Deleted"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn delete(
    Backend(backend): Backend,
    Ids((project, session, turn)): Ids<(ProjectId, SessionId, TurnId)>,
) -> Result<StatusCode, Failure> {
    backend.sessions.delete_turn(backend.caller, &project, session, turn).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops a turn: a queued one at once, a running one in the sandbox.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/turns/{turn}/cancel", tag = "turns", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("turn" = String, Path, description = "The turn's id")), responses(
    (status = 202, description = "Being stopped", body = Turn),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn cancel(
    Backend(backend): Backend,
    Ids((project, session, turn)): Ids<(ProjectId, SessionId, TurnId)>,
) -> Result<(StatusCode, axum::Json<Turn>), Failure> {
    Ok((StatusCode::ACCEPTED, axum::Json(backend.sessions.cancel_turn(backend.caller, &project, session, turn).await?)))
}

/// Sends a queued prompt now: the turn that runs is stopped, and this one goes before all others that wait. Asking again
/// once it runs changes nothing.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/turns/{turn}/steer", tag = "turns", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("turn" = String, Path, description = "The turn's id")), responses(
    (status = 202, description = "The next to run", body = Turn),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn steer(
    Backend(backend): Backend,
    Ids((project, session, turn)): Ids<(ProjectId, SessionId, TurnId)>,
) -> Result<(StatusCode, axum::Json<Turn>), Failure> {
    Ok((StatusCode::ACCEPTED, axum::Json(backend.sessions.steer_turn(backend.caller, &project, session, turn).await?)))
}

/// Answers a request for permission. Of several answers the first counts, and every caller is told which that is.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/turns/{turn}/permissions/{part}", tag = "turns", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("turn" = String, Path, description = "The turn's id"), ("part" = u32, Path, description = "The request's number within the turn")), request_body = AnswerPermission, responses(
    (status = 200, description = "The answer that counts", body = PermissionAnswered),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn answer_permission(
    Backend(backend): Backend,
    Ids((project, session, turn, part)): Ids<(ProjectId, SessionId, TurnId, u32)>,
    Json(request): Json<AnswerPermission>,
) -> Result<axum::Json<PermissionAnswered>, Failure> {
    let answered = backend.sessions.answer_permission(backend.caller, &project, session, turn, part, request);
    Ok(axum::Json(answered.await?))
}
