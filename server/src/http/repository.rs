//! `/api/projects/{project}/sessions/{session}/repository`: the repository of a session, while its sandbox runs, and what the workspace
//! takes over of it.

use axum::http::StatusCode;
use octobot_wire::code::repository::{
    Applied, ApplyChanges, ApplyOutcome, CommitPage, DiscardChanges, Discarded, LogQuery, LoggedCommit, MakeCommit,
    Pushed, RepositoryState,
};
use octobot_wire::code::{
    AskToCommit, AskedToCommit, Blame, BlameQuery, DiscardLines, FileHunks, HunksQuery, LinesStaged, StageChanges,
    StageLines,
};
use octobot_wire::{Problem, ProjectId, SessionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Json, Parameters};
use super::failure::Failure;

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(state))
        .routes(routes!(log, commit))
        .routes(routes!(blame))
        .routes(routes!(hunks))
        .routes(routes!(stage))
        .routes(routes!(stage_lines))
        .routes(routes!(discard))
        .routes(routes!(discard_lines))
        .routes(routes!(undo_discard))
        .routes(routes!(ask_to_commit))
        .routes(routes!(apply, undo_apply))
        .routes(routes!(push))
}

/// Where a session's repository stands: its branch, and the files that aren't as the last commit has them.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/repository", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The state", body = RepositoryState),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn state(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<axum::Json<RepositoryState>, Failure> {
    Ok(axum::Json(backend.repository.state(backend.caller, &project, session).await?))
}

/// The commits of a session's repository: those that were made in it first, then those that it started from.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/repository/commits", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), LogQuery), responses(
    (status = 200, description = "The commits", body = CommitPage),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn log(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(query): Parameters<LogQuery>,
) -> Result<axum::Json<CommitPage>, Failure> {
    Ok(axum::Json(backend.repository.log(backend.caller, &project, session, query).await?))
}

/// Which commits lines of a file are from, as the file is now. Of lines that no commit has yet, that is told.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/repository/blame", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), BlameQuery), responses(
    (status = 200, description = "The commits, and the lines of each", body = Blame),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn blame(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(query): Parameters<BlameQuery>,
) -> Result<axum::Json<Blame>, Failure> {
    Ok(axum::Json(backend.repository.blame(backend.caller, &project, session, query).await?))
}

/// What a file has that the last commit hasn't, change by change, so that some of it can be committed; or what of that is staged, or isn't.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/repository/hunks", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), HunksQuery), responses(
    (status = 200, description = "The changes", body = FileHunks),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn hunks(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(query): Parameters<HunksQuery>,
) -> Result<axum::Json<FileHunks>, Failure> {
    Ok(axum::Json(backend.repository.hunks(backend.caller, &project, session, &query).await?))
}

/// Stages changes, or takes them back from what is staged: of all files, of some, or some of those of a file. The files stay as they are.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/repository/stage", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = StageChanges, responses(
    (status = 204, description = "It is done"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn stage(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<StageChanges>,
) -> Result<StatusCode, Failure> {
    backend.repository.stage(backend.caller, &project, session, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stages lines of the difference since the session started, or takes them back: those that are chosen, or all changed lines that they
/// stand together with. Of a file that has changed since it was shown, nothing is staged (409).
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/repository/stage/lines", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = StageLines, responses(
    (status = 200, description = "Whether something else is staged since", body = LinesStaged),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn stage_lines(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<StageLines>,
) -> Result<axum::Json<LinesStaged>, Failure> {
    Ok(axum::Json(backend.repository.stage_lines(backend.caller, &project, session, request).await?))
}

/// Commits all changes, those of some files, some of those, or what is staged, to the branch that is checked out in the session. No hooks run.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/repository/commits", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = MakeCommit, responses(
    (status = 200, description = "The commit", body = LoggedCommit),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn commit(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<MakeCommit>,
) -> Result<axum::Json<LoggedCommit>, Failure> {
    Ok(axum::Json(backend.repository.commit(backend.caller, &project, session, request).await?))
}

/// Puts files back to what the last commit has; those that it doesn't have are removed. What is thrown away is kept.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/repository/discards", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = DiscardChanges, responses(
    (status = 200, description = "By what it can be brought back", body = Discarded),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn discard(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<DiscardChanges>,
) -> Result<axum::Json<Discarded>, Failure> {
    Ok(axum::Json(backend.repository.discard(backend.caller, &project, session, request).await?))
}

/// Puts lines of a file back to what it had when the session started, or before a turn: those that are chosen of its difference, or
/// all changed lines that they stand together with. What is thrown away is kept. A file that has changed since it was shown stays (409).
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/repository/discards/lines", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = DiscardLines, responses(
    (status = 200, description = "By what it can be brought back", body = Discarded),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn discard_lines(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<DiscardLines>,
) -> Result<axum::Json<Discarded>, Failure> {
    Ok(axum::Json(backend.repository.discard_lines(backend.caller, &project, session, request).await?))
}

/// Brings back what was thrown away. Where a file has changed since, nothing is (409).
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/repository/discards/{number}/undo", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("number" = u32, Path, description = "By which it is kept")), responses(
    (status = 204, description = "It is back"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn undo_discard(
    Backend(backend): Backend,
    Ids((project, session, number)): Ids<(ProjectId, SessionId, u32)>,
) -> Result<StatusCode, Failure> {
    backend.repository.undo_discard(backend.caller, &project, session, number).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has the agent commit what isn't committed, by a prompt in the chat; the session's `commitFlow` says how far it is. While the agent is at it,
/// a repeat asks for nothing more. Where the workspace has commits that the session hasn't, the agent isn't asked, unless that is wanted.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/repository/agent-commit", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = AskToCommit, responses(
    (status = 200, description = "How far the agent is, or where the workspace is", body = AskedToCommit),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn ask_to_commit(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<AskToCommit>,
) -> Result<axum::Json<AskedToCommit>, Failure> {
    Ok(axum::Json(backend.repository.ask_to_commit(backend.caller, &project, session, request).await?))
}

/// Puts what a session made onto the branch that its workspace is on, and brings the files there up to date; of a workspace that is
/// no repository, the files are changed. Unless that was done, nothing there is touched, and the answer says why: the branch has other
/// commits, there are conflicts, or files are in the way.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/repository/apply", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = ApplyChanges, responses(
    (status = 200, description = "What came of it", body = ApplyOutcome),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn apply(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<ApplyChanges>,
) -> Result<axum::Json<ApplyOutcome>, Failure> {
    Ok(axum::Json(backend.repository.apply(backend.caller, &project, session, request).await?))
}

/// Pushes what a session made to where its workspace's code comes from, as a branch `octobot/…`: to the repository that was cloned, or to
/// the `origin` of a folder. Hooks of a repository on the server's machine don't run.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/repository/push", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The branch", body = Pushed),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn push(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<axum::Json<Pushed>, Failure> {
    Ok(axum::Json(backend.repository.push(backend.caller, &project, session).await?))
}

/// Puts the workspace's branch, and the files, back to where they were. A branch that has moved since, and, where there is no
/// repository, files of which one has changed since, stay (409).
#[utoipa::path(delete, path = "/api/projects/{project}/sessions/{session}/repository/apply", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = Applied, responses(
    (status = 204, description = "All is where it was"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn undo_apply(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(applied): Json<Applied>,
) -> Result<StatusCode, Failure> {
    backend.repository.undo_apply(backend.caller, &project, session, applied).await?;
    Ok(StatusCode::NO_CONTENT)
}
