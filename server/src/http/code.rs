//! `/api/projects/{project}/sessions/{session}/changes` and `…/files`: the code of a session, while its sandbox runs.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use octobot_wire::code::{Changes, CodeView, DiffQuery, FileQuery, Folder, Rewound, SavedBranch, Shape};
use octobot_wire::{Problem, ProjectId, SessionId, TurnId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Json, Parameters};
use super::failure::Failure;
use super::files::{harmless, harmless_pdf};
use crate::domain::document::is_pdf;
use crate::domain::picture::Picture;
use crate::problem::of_service;
use crate::sandbox::SandboxFile;
use crate::services::ServiceError;

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(changes))
        .routes(routes!(rewind))
        .routes(routes!(undo_rewind))
        .routes(routes!(diff))
        .routes(routes!(view))
        .routes(routes!(tree))
        .routes(routes!(content))
        .routes(routes!(patch))
        .routes(routes!(save_branch, undo_branch))
}

/// Whose changes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Span {
    /// The turn whose changes are meant; else those since the session started.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    turn: Option<TurnId>,
}

/// What a session has changed since it started: whatever was committed meanwhile, and without what git ignores.
///
/// The event `codeChanged` says once that there is more, until this is asked for again. With `turn`, what that turn changed; 404
/// when that isn't known.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/changes", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), Span), responses(
    (status = 200, description = "The files that differ", body = Changes),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn changes(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(Span { turn }): Parameters<Span>,
) -> Result<axum::Json<Changes>, Failure> {
    Ok(axum::Json(backend.code.changes(backend.caller, &project, session, turn).await?))
}

/// How far to go back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Extent {
    /// Whether the conversation goes back as well: what was said from the turn on is set aside, and the agent goes on without it.
    #[serde(default)]
    conversation: bool,
}

/// Puts the files of a session, its branch and what is staged back to what they were before a turn. What they are is kept, and
/// can be put back by its number. Not while a turn runs (409).
///
/// With `conversation`, the messages from the turn on are set aside: they stay in the transcript as `rewound`, but with the next prompt the agent gets a new thread and is told only what was said before. Not while prompts wait (409).
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/turns/{turn}/rewind", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("turn" = String, Path, description = "The turn's id"), Extent), responses(
    (status = 200, description = "They are what they were", body = Rewound),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn rewind(
    Backend(backend): Backend,
    Ids((project, session, turn)): Ids<(ProjectId, SessionId, TurnId)>,
    Parameters(Extent { conversation }): Parameters<Extent>,
) -> Result<axum::Json<Rewound>, Failure> {
    Ok(axum::Json(backend.code.rewind(backend.caller, &project, session, turn, conversation).await?))
}

/// Undoes putting files back, with the conversation if that went back as well and nothing was said since (409).
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/rewinds/{number}/undo", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("number" = u32, Path, description = "The number that putting back has told")), responses(
    (status = 200, description = "They are what they were before", body = Rewound),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn undo_rewind(
    Backend(backend): Backend,
    Ids((project, session, number)): Ids<(ProjectId, SessionId, u32)>,
) -> Result<axum::Json<Rewound>, Failure> {
    Ok(axum::Json(backend.code.undo_rewind(backend.caller, &project, session, Some(number)).await?))
}

/// Rows of the difference between a file as it was when the session started and as it is now.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/changes/diff", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), DiffQuery), responses(
    (status = 200, description = "The rows", body = CodeView),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn diff(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(query): Parameters<DiffQuery>,
) -> Result<axum::Json<CodeView>, Failure> {
    Ok(axum::Json(backend.code.diff(backend.caller, &project, session, query).await?))
}

/// Lines of a file, as HTML with the colours of its language.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/files/view", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), FileQuery), responses(
    (status = 200, description = "The lines", body = CodeView),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn view(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(query): Parameters<FileQuery>,
) -> Result<axum::Json<CodeView>, Failure> {
    let view = backend.code.file(backend.caller, &project, session, query).await?;
    if view.shape == Shape::Nothing {
        return Err(of_service(&ServiceError::NotFound("file")).into());
    }
    Ok(axum::Json(view))
}

/// Which folder.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Place {
    /// Its path; none for the workspace itself.
    #[serde(default)]
    path: String,
}

/// What is in a folder of the session's workspace.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/files/tree", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), Place), responses(
    (status = 200, description = "Folders, then files", body = Folder),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn tree(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(Place { path }): Parameters<Place>,
) -> Result<axum::Json<Folder>, Failure> {
    Ok(axum::Json(backend.code.folder(backend.caller, &project, session, &path).await?))
}

/// Which file, and when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Its path.
    path: String,
    /// `start` for the file as it was when the session started, or a commit, branch or tag; else it is told as it is.
    #[serde(default, rename = "ref")]
    at: Option<String>,
    /// Whether of a link the file is meant that it leads to, if that is in the workspace.
    #[serde(default)]
    follow: bool,
}

/// The bytes of a file; of a link, where it leads. At most 16 MiB. Their `ETag` tells one content from another.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/files/content", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), Wanted), responses(
    (status = 200, description = "The file's bytes", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn content(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(Wanted { path, at, follow }): Parameters<Wanted>,
) -> Result<Response, Failure> {
    let code = &web.services.code;
    let file = if follow && at.is_none() {
        code.content_behind(backend.caller, &project, session, &path).await
    } else {
        code.content(backend.caller, &project, session, &path, at.as_deref()).await
    };
    let SandboxFile { state, content, .. } = file.map_err(|error| of_service(&error))?;
    let tag = state.and_then(|state| HeaderValue::from_str(&format!("\"{state}\"")).ok());
    let headers = if is_pdf(&content) {
        harmless_pdf()
    } else {
        harmless(Picture::of(&content).map_or("", |picture| picture.kind.media_type()), &path)
    };
    let caching = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((headers, [caching], tag.map(|tag| [(header::ETAG, tag)]), content).into_response())
}

/// All that a session has changed since it started, as a patch that `git apply` takes.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/changes/patch", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The patch", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn patch(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<Response, Failure> {
    let patch = web.services.code.patch(backend.caller, &project, session).await;
    let patch = patch.map_err(|error| of_service(&error))?;
    let caching = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((harmless("", "changes.patch"), [caching], Body::new(patch)).into_response())
}

/// Puts what a session made into the repository of its workspace, as a branch `octobot/…`: the agent's commits, and one with
/// what isn't committed. Nothing else there is touched: no file, no other branch.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/branch", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The branch", body = SavedBranch),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn save_branch(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<axum::Json<SavedBranch>, Failure> {
    Ok(axum::Json(backend.code.save_branch(backend.caller, &project, session).await?))
}

/// Removes a branch that a session was saved as. One that has other commits by now stays (409).
#[utoipa::path(delete, path = "/api/projects/{project}/sessions/{session}/branch", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = SavedBranch, responses(
    (status = 204, description = "It is gone"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn undo_branch(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(saved): Json<SavedBranch>,
) -> Result<StatusCode, Failure> {
    backend.code.undo_branch(backend.caller, &project, session, saved).await?;
    Ok(StatusCode::NO_CONTENT)
}
