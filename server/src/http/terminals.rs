//! `/api/projects/{project}/sessions/{session}/terminals`.

mod attach;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use octobot_wire::terminal::{OpenTerminal, RenameTerminal, Terminal, TerminalMatches, TerminalQuery};
use octobot_wire::{Problem, ProjectId, SessionId, TerminalId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Json, Parameters};
use super::failure::Failure;
use crate::problem::of_service;

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(search))
        .routes(routes!(rename, close))
        .routes(routes!(output))
        .routes(routes!(attach::attach))
}

/// Where to go on.
#[derive(Debug, Deserialize)]
struct After {
    /// The number of the first byte that is wanted.
    after: Option<u64>,
}

/// The open terminals of a session whose sandbox runs.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/terminals", tag = "terminals", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The terminals, the oldest first", body = Vec<Terminal>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn list(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<axum::Json<Vec<Terminal>>, Failure> {
    Ok(axum::Json(backend.terminals.list(backend.caller, &project, session).await?))
}

/// Opens a terminal with a shell in it. A sandbox that doesn't run is started first: follow the session's state meanwhile.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/terminals", tag = "terminals", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = OpenTerminal, responses(
    (status = 201, description = "Open", body = Terminal),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn open(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<OpenTerminal>,
) -> Result<(StatusCode, axum::Json<Terminal>), Failure> {
    let terminal = backend.terminals.open(backend.caller, &project, session, request).await?;
    Ok((StatusCode::CREATED, axum::Json(terminal)))
}

/// Renames a terminal.
#[utoipa::path(patch, path = "/api/projects/{project}/sessions/{session}/terminals/{terminal}", tag = "terminals", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("terminal" = String, Path, description = "The terminal's id")), request_body = RenameTerminal, responses(
    (status = 200, description = "Renamed", body = Terminal),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn rename(
    Backend(backend): Backend,
    Ids((project, session, terminal)): Ids<(ProjectId, SessionId, TerminalId)>,
    Json(request): Json<RenameTerminal>,
) -> Result<axum::Json<Terminal>, Failure> {
    Ok(axum::Json(backend.terminals.rename(backend.caller, &project, session, terminal, request).await?))
}

/// Closes a terminal and ends everything that runs in it. What it has printed can still be searched.
#[utoipa::path(delete, path = "/api/projects/{project}/sessions/{session}/terminals/{terminal}", tag = "terminals", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("terminal" = String, Path, description = "The terminal's id")), responses(
    (status = 204, description = "Closed"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn close(
    Backend(backend): Backend,
    Ids((project, session, terminal)): Ids<(ProjectId, SessionId, TerminalId)>,
) -> Result<StatusCode, Failure> {
    backend.terminals.close(backend.caller, &project, session, terminal).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Looks for a text in what the session's terminals have printed, as far as it is kept: the last 4 MiB of each, closed ones
/// included.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/terminals/search", tag = "terminals", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), TerminalQuery), responses(
    (status = 200, description = "The lines that hold it", body = TerminalMatches),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn search(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(query): Parameters<TerminalQuery>,
) -> Result<axum::Json<TerminalMatches>, Failure> {
    Ok(axum::Json(backend.terminals.search(backend.caller, &project, session, query).await?))
}

/// What a terminal has printed, as it is, escape sequences included, and as far as it is kept: the last 4 MiB. The header
/// `x-offset` tells the number of the first byte.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/terminals/{terminal}/output", tag = "terminals", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("terminal" = String, Path, description = "The terminal's id"), ("after" = Option<u64>, Query, description = "The number of the first byte that is wanted")), responses(
    (status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn output(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session, terminal)): Ids<(ProjectId, SessionId, TerminalId)>,
    Parameters(After { after }): Parameters<After>,
) -> Result<Response, Failure> {
    let after = after.unwrap_or_default();
    let output = web.services.terminals.output(backend.caller, &project, session, terminal, after).await;
    let output = output.map_err(|error| of_service(&error))?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"terminal.txt\"".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::HeaderName::from_static("x-offset"), output.first.to_string()),
    ];
    Ok((headers, output.bytes).into_response())
}
