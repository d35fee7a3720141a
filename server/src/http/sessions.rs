//! `/api/projects/{project}/sessions`, with transcripts.

use axum::extract::State;
use axum::http::StatusCode;
use octobot_wire::message::{MessagePage, Output};
use octobot_wire::session::{CreateSession, ForkSession, RenameSession, Session, SessionView};
use octobot_wire::setting::{ChangeSetting, Setting};
use octobot_wire::{PartId, Problem, ProjectId, SessionId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Json, Parameters};
use super::failure::Failure;
use crate::problem::of_service;
use crate::services::ProseForm;

/// Which messages.
#[derive(Debug, Deserialize)]
struct Before {
    /// Only messages with a smaller number.
    #[serde(default = "any_number")]
    before: u64,
}

/// Which lines.
#[derive(Debug, Deserialize)]
struct From {
    /// The first line, counted from 0.
    #[serde(default)]
    from: u64,
}

/// Which files.
#[derive(Debug, Deserialize)]
struct Named {
    /// A part of the path, or letters of it in their order.
    #[serde(default)]
    name: String,
}

/// Greater than the number of any message, and within what every store can compare.
fn any_number() -> u64 {
    i64::MAX.unsigned_abs()
}

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(view, rename, delete))
        .routes(routes!(fork))
        .routes(routes!(start))
        .routes(routes!(stop))
        .routes(routes!(messages))
        .routes(routes!(output))
        .routes(routes!(change_setting))
        .routes(routes!(find_files))
}

/// The sessions of a project, the most recently used first.
#[utoipa::path(get, path = "/api/projects/{project}/sessions", tag = "sessions", params(("project" = String, Path, description = "The project's id")), responses(
    (status = 200, description = "The sessions", body = Vec<Session>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn list(Backend(backend): Backend, Ids(project): Ids<ProjectId>) -> Result<axum::Json<Vec<Session>>, Failure> {
    Ok(axum::Json(backend.projects.view(backend.caller, &project).await?.sessions))
}

/// Creates a session with the files and the transcript of another one: as they are, or as they were after a turn, or before it. The other
/// one's sandbox has to run.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/fork", tag = "sessions", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = ForkSession, responses(
    (status = 201, description = "Created", body = Session),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn fork(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<ForkSession>,
) -> Result<(StatusCode, axum::Json<Session>), Failure> {
    Ok((StatusCode::CREATED, axum::Json(backend.sessions.fork(backend.caller, &project, session, request).await?)))
}

/// Creates a session; its sandbox is made in the background: follow its state.
#[utoipa::path(post, path = "/api/projects/{project}/sessions", tag = "sessions", params(("project" = String, Path, description = "The project's id")), request_body = CreateSession, responses(
    (status = 201, description = "Created", body = Session),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn create(
    Backend(backend): Backend,
    Ids(project): Ids<ProjectId>,
    Json(request): Json<CreateSession>,
) -> Result<(StatusCode, axum::Json<Session>), Failure> {
    Ok((StatusCode::CREATED, axum::Json(backend.sessions.create(backend.caller, &project, request).await?)))
}

/// A session with its open turns, its last messages and its build log. What an agent says is there as Markdown (`text`)
/// and as sanitised HTML (`html`); events of the project tell of the HTML only.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}", tag = "sessions", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The session", body = SessionView),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn view(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<axum::Json<SessionView>, Failure> {
    let view = web.services.sessions.view(backend.caller, &project, session, ProseForm::HtmlAndText).await;
    Ok(axum::Json(view.map_err(|error| of_service(&error))?))
}

/// Gives a session a display name, or takes it away.
#[utoipa::path(patch, path = "/api/projects/{project}/sessions/{session}", tag = "sessions", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = RenameSession, responses(
    (status = 200, description = "Renamed", body = Session),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn rename(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<RenameSession>,
) -> Result<axum::Json<Session>, Failure> {
    Ok(axum::Json(backend.sessions.rename(backend.caller, &project, session, request).await?))
}

/// Deletes a session with its sandbox and all data, in the background.
#[utoipa::path(delete, path = "/api/projects/{project}/sessions/{session}", tag = "sessions", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 202, description = "Being deleted"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn delete(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<StatusCode, Failure> {
    backend.sessions.delete(backend.caller, &project, session).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Starts a stopped sandbox, or tries a failed stage again.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/start", tag = "sessions", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 202, description = "Being started", body = Session),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn start(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<(StatusCode, axum::Json<Session>), Failure> {
    Ok((StatusCode::ACCEPTED, axum::Json(backend.sessions.start(backend.caller, &project, session).await?)))
}

/// Stops the sandbox, or cancels the building of it. Its data stays.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/stop", tag = "sessions", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 202, description = "Being stopped", body = Session),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn stop(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<(StatusCode, axum::Json<Session>), Failure> {
    Ok((StatusCode::ACCEPTED, axum::Json(backend.sessions.stop(backend.caller, &project, session).await?)))
}

/// At most 50 messages before a number, oldest first.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/messages", tag = "sessions", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("before" = Option<u64>, Query, description = "Only messages with a smaller number; without it the last ones")), responses(
    (status = 200, description = "The messages", body = MessagePage),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn messages(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(query): Parameters<Before>,
) -> Result<axum::Json<MessagePage>, Failure> {
    let before = query.before.min(any_number());
    let page = web.services.sessions.messages(backend.caller, &project, session, before, ProseForm::HtmlAndText).await;
    Ok(axum::Json(page.map_err(|error| of_service(&error))?))
}

/// At most 2,000 lines of what a tool call printed, as sanitised HTML.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/parts/{part}/output", tag = "sessions", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("part" = String, Path, description = "The part's id"), ("from" = Option<u64>, Query, description = "The first line, counted from 0")), responses(
    (status = 200, description = "The lines", body = Output),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn output(
    Backend(backend): Backend,
    Ids((project, session, part)): Ids<(ProjectId, SessionId, PartId)>,
    Parameters(query): Parameters<From>,
) -> Result<axum::Json<Output>, Failure> {
    Ok(axum::Json(backend.sessions.output(backend.caller, &project, session, part, query.from).await?))
}

/// Changes a setting of the agent that runs. Settings can be changed once a prompt has started the agent.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/settings", tag = "sessions", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = ChangeSetting, responses(
    (status = 200, description = "All settings as they are now", body = Vec<Setting>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn change_setting(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<ChangeSetting>,
) -> Result<axum::Json<Vec<Setting>>, Failure> {
    Ok(axum::Json(backend.sessions.change_setting(backend.caller, &project, session, request).await?))
}

/// Files of the session's copy of the code whose path fits, the best first, at most 20. The sandbox has to run.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/workspace/files", tag = "sessions", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("name" = Option<String>, Query, description = "A part of the path, or letters of it in their order")), responses(
    (status = 200, description = "Paths relative to the workspace", body = Vec<String>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn find_files(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(query): Parameters<Named>,
) -> Result<axum::Json<Vec<String>>, Failure> {
    Ok(axum::Json(backend.sessions.find_files(backend.caller, &project, session, &query.name).await?))
}
