//! `/api/projects/{project}/credentials`, and those of a session.

use axum::http::StatusCode;
use octobot_wire::credential::{Credential, CredentialsView, SaveCredential, SessionCredentials};
use octobot_wire::{CredentialId, Problem, ProjectId, SessionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Json};
use super::failure::Failure;

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(view, create))
        .routes(routes!(update, revoke))
        .routes(routes!(test))
        .routes(routes!(of_session, give_to_session))
}

/// The credentials of a project, oldest first, and the types that there are. Values are never told.
#[utoipa::path(get, path = "/api/projects/{project}/credentials", tag = "credentials", params(("project" = String, Path, description = "The project's id")), responses(
    (status = 200, description = "The credentials", body = CredentialsView),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn view(Backend(backend): Backend, Ids(project): Ids<ProjectId>) -> Result<axum::Json<CredentialsView>, Failure> {
    Ok(axum::Json(backend.credentials.view(backend.caller, &project).await?))
}

/// Adds a credential and tries it with a real request, which takes up to 10 s. It is kept whatever comes of that.
///
/// Values are write-only: they are stored encrypted. An agent's program needs them, so they are visible inside the
/// sandboxes of the sessions that have the credential.
#[utoipa::path(post, path = "/api/projects/{project}/credentials", tag = "credentials", params(("project" = String, Path, description = "The project's id")), request_body = SaveCredential, responses(
    (status = 201, description = "Added", body = Credential),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn create(
    Backend(backend): Backend,
    Ids(project): Ids<ProjectId>,
    Json(request): Json<SaveCredential>,
) -> Result<(StatusCode, axum::Json<Credential>), Failure> {
    Ok((StatusCode::CREATED, axum::Json(backend.credentials.create(backend.caller, &project, request).await?)))
}

/// Changes a credential. A value that isn't given is kept; where one is another, the credential is tried again.
#[utoipa::path(put, path = "/api/projects/{project}/credentials/{credential}", tag = "credentials", params(("project" = String, Path, description = "The project's id"), ("credential" = String, Path, description = "The credential's id")), request_body = SaveCredential, responses(
    (status = 200, description = "Changed", body = Credential),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn update(
    Backend(backend): Backend,
    Ids((project, credential)): Ids<(ProjectId, CredentialId)>,
    Json(request): Json<SaveCredential>,
) -> Result<axum::Json<Credential>, Failure> {
    Ok(axum::Json(backend.credentials.update(backend.caller, &project, credential, request).await?))
}

/// Revokes a credential: its values are deleted, and no agent is given it from its next turn on.
#[utoipa::path(delete, path = "/api/projects/{project}/credentials/{credential}", tag = "credentials", params(("project" = String, Path, description = "The project's id"), ("credential" = String, Path, description = "The credential's id")), responses(
    (status = 204, description = "Revoked"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn revoke(
    Backend(backend): Backend,
    Ids((project, credential)): Ids<(ProjectId, CredentialId)>,
) -> Result<StatusCode, Failure> {
    backend.credentials.revoke(backend.caller, &project, credential).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a credential with a real request, which takes up to 10 s.
#[utoipa::path(post, path = "/api/projects/{project}/credentials/{credential}/test", tag = "credentials", params(("project" = String, Path, description = "The project's id"), ("credential" = String, Path, description = "The credential's id")), responses(
    (status = 200, description = "Tried; `tested` says what came of it", body = Credential),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn test(
    Backend(backend): Backend,
    Ids((project, credential)): Ids<(ProjectId, CredentialId)>,
) -> Result<axum::Json<Credential>, Failure> {
    Ok(axum::Json(backend.credentials.test(backend.caller, &project, credential).await?))
}

/// The credentials that a session was given, beside those that every session has.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/credentials", tag = "credentials", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "Their ids", body = SessionCredentials),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn of_session(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<axum::Json<SessionCredentials>, Failure> {
    Ok(axum::Json(backend.credentials.of_session(backend.caller, &project, session).await?))
}

/// Gives a session these credentials from its next turn on, in place of those that it was given.
#[utoipa::path(put, path = "/api/projects/{project}/sessions/{session}/credentials", tag = "credentials", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = SessionCredentials, responses(
    (status = 200, description = "Their ids", body = SessionCredentials),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn give_to_session(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<SessionCredentials>,
) -> Result<axum::Json<SessionCredentials>, Failure> {
    Ok(axum::Json(backend.credentials.give_to_session(backend.caller, &project, session, request).await?))
}
