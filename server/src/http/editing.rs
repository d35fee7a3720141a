//! `/api/projects/{project}/sessions/{session}/files`: changing the files of a session, while its sandbox runs.

use std::io;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt as _;
use octobot_wire::code::{MoveEntry, SearchLine, SearchQuery, Trashed};
use octobot_wire::{Problem, ProblemKind, ProjectId, SessionId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Json, Parameters};
use super::failure::Failure;
use crate::problem::{of_service, problem};
use crate::sandbox::{Over, Written};
use crate::services::Search;

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    // The limit of every route's bodies is larger than the default one.
    OpenApiRouter::new()
        .routes(routes!(write))
        .routes(routes!(make_folder))
        .routes(routes!(search))
        .routes(routes!(move_entry))
        .routes(routes!(delete_entry))
        .routes(routes!(restore_entry))
        .layer(DefaultBodyLimit::disable())
}

/// Which file or folder.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Place {
    /// Its path.
    path: String,
}

/// Writes a file as a whole, at most 16 MiB. `If-Match` names the state that it is written over, which is the `ETag` of its
/// content; `If-None-Match: *` says that it mustn't be there yet. A file that is in another state stays as it is (412). Of a
/// link the file is written that it leads to.
#[utoipa::path(put, path = "/api/projects/{project}/sessions/{session}/files/content", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), Place, ("If-Match" = Option<String>, Header, description = "The state that it is written over, in quotes"), ("If-None-Match" = Option<String>, Header, description = "`*` where there is no such file")), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
    (status = 201, description = "It is there now; its ETag is its state"),
    (status = 204, description = "It is changed; its ETag is its state"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn write(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(Place { path }): Parameters<Place>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let over = over(&headers)?;
    let status = if over == Over::Nothing { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
    let bytes = body.into_data_stream().map_err(io::Error::other);
    let written = web.services.code.write(backend.caller, &project, session, (&path, &over), bytes).await;
    match written.map_err(|error| of_service(&error))? {
        Written::Done(state) => {
            let mut answer = status.into_response();
            if let Ok(tag) = HeaderValue::from_str(&format!("\"{state}\"")) {
                answer.headers_mut().insert(header::ETAG, tag);
            }
            Ok(answer)
        }
        Written::Another(_) => {
            let detail = "Somebody else has changed the file meanwhile. Read it again, then write what it is to be.";
            Err(Problem { status: 412, ..problem(ProblemKind::Conflict, detail) }.into())
        }
    }
}

/// What is written over, as the conditions of RFC 9110 say it. One of them has to be there.
fn over(headers: &HeaderMap) -> Result<Over, Failure> {
    let state = |value: &HeaderValue| Some(value.to_str().ok()?.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    let over = match (headers.get(header::IF_MATCH), headers.get(header::IF_NONE_MATCH)) {
        (None, Some(none)) if none == "*" => Some(Over::Nothing),
        (Some(value), None) => state(value).map(Over::State),
        _ => None,
    };
    over.ok_or_else(|| {
        let detail =
            "Say with If-Match which state of the file is written over, or with If-None-Match: * that there is none.";
        Problem { status: 428, ..problem(ProblemKind::Invalid, detail) }.into()
    })
}

/// Looks for a text in the files of the workspace, without those that git ignores and those that aren't text. The answer has a
/// line of JSON for each line with the text, as it is found, at most 2,000, and one for the end; where the text is no regular
/// expression that is understood, one that says so.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/files/search", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), SearchQuery), responses(
    (status = 200, description = "The lines", body = SearchLine, content_type = "application/x-ndjson"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn search(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(query): Parameters<SearchQuery>,
) -> Result<Response, Failure> {
    let search = web.services.code.search(backend.caller, &project, session, &query).await;
    let lines = match search.map_err(|error| of_service(&error))? {
        Search::Lines(lines) => Body::new(lines),
        Search::Refused(why) => {
            let line = SearchLine { refused: Some(why), ..SearchLine::default() };
            let line = serde_json::to_string(&line).expect("a line of an answer is always valid JSON");
            Body::from(line + "\n")
        }
    };
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, lines).into_response())
}

/// Makes a folder.
#[utoipa::path(put, path = "/api/projects/{project}/sessions/{session}/files/folder", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), Place), responses(
    (status = 201, description = "It is there now"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn make_folder(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(Place { path }): Parameters<Place>,
) -> Result<StatusCode, Failure> {
    backend.files.make_folder(backend.caller, &project, session, &path).await?;
    Ok(StatusCode::CREATED)
}

/// Renames or moves a file or folder. Nothing is overwritten (409).
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/files/move", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = MoveEntry, responses(
    (status = 204, description = "It is there now"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn move_entry(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<MoveEntry>,
) -> Result<StatusCode, Failure> {
    backend.files.move_entry(backend.caller, &project, session, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a file or folder. The 20 that were deleted last are kept in the sandbox, and can be brought back.
#[utoipa::path(delete, path = "/api/projects/{project}/sessions/{session}/files/entry", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), Place), responses(
    (status = 200, description = "It is deleted", body = Trashed),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn delete_entry(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(Place { path }): Parameters<Place>,
) -> Result<axum::Json<Trashed>, Failure> {
    Ok(axum::Json(backend.files.delete_entry(backend.caller, &project, session, &path).await?))
}

/// Brings back what was deleted. What is there by now isn't overwritten (409).
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/files/restore", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = Trashed, responses(
    (status = 204, description = "It is back where it was"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn restore_entry(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(trashed): Json<Trashed>,
) -> Result<StatusCode, Failure> {
    backend.files.restore_entry(backend.caller, &project, session, trashed).await?;
    Ok(StatusCode::NO_CONTENT)
}
