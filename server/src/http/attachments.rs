//! `/api/projects/{project}/sessions/{session}/attachments`: files for a prompt to come. They are read as the session's
//! other files are.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use octobot_wire::attachment::Attachment;
use octobot_wire::{AttachmentId, Problem, ProjectId, SessionId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Parameters};
use super::failure::Failure;
use crate::problem::of_service;
use crate::services::Upload;

/// What is uploaded.
#[derive(Debug, Deserialize)]
struct Named {
    /// The file's name.
    #[serde(default)]
    name: String,
}

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    // The limit of every route's bodies is larger than the default one.
    OpenApiRouter::new().routes(routes!(upload)).routes(routes!(delete)).layer(DefaultBodyLimit::disable())
}

/// Stores a file for a prompt to come. Its content says what it is: images are PNG, JPEG, GIF or WebP, of at most
/// 2,000 pixels a side and 3.75 MiB; other files have at most 5 MiB. A file that no prompt takes is kept for a day.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/attachments", tag = "turns", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("name" = Option<String>, Query, description = "The file's name")), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
    (status = 201, description = "Stored", body = Attachment),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn upload(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(Named { name }): Parameters<Named>,
    headers: HeaderMap,
    data: Bytes,
) -> Result<(StatusCode, axum::Json<Attachment>), Failure> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let upload = Upload { name, media_type: media_type.to_owned(), data: data.into() };
    let stored = web.services.sessions.attach(backend.caller, &project, session, upload).await;
    let file = stored.map_err(|error| of_service(&error))?;
    Ok((StatusCode::CREATED, axum::Json(file.to_attachment())))
}

/// Deletes a file that no prompt has taken.
#[utoipa::path(delete, path = "/api/projects/{project}/sessions/{session}/attachments/{attachment}", tag = "turns", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("attachment" = String, Path, description = "The file's id")), responses(
    (status = 204, description = "Deleted, or not there"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn delete(
    Backend(backend): Backend,
    Ids((project, session, attachment)): Ids<(ProjectId, SessionId, AttachmentId)>,
) -> Result<StatusCode, Failure> {
    backend.sessions.detach(backend.caller, &project, session, attachment).await?;
    Ok(StatusCode::NO_CONTENT)
}
