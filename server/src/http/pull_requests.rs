//! `/api/projects/{project}/sessions/{session}/pull-requests`: what a session made, offered to where its workspace's code comes from.

use octobot_wire::code::pull_request::{OpenPullRequest, OpenedPullRequest, PullRequest, PullRequestProposal};
use octobot_wire::{Problem, ProjectId, SessionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Json};
use super::failure::Failure;

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(propose))
        .routes(routes!(look))
        .routes(routes!(close))
}

/// The pull requests that were opened here for what a session made, the latest first, as far as the server has heard of them.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/pull-requests", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The pull requests", body = Vec<PullRequest>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn list(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<axum::Json<Vec<PullRequest>>, Failure> {
    Ok(axum::Json(backend.repository.pull_requests(backend.caller, &project, session).await?))
}

/// What a pull request could say, from what was asked and what was committed, and where it would be opened, or why it can't be. Nothing is
/// sent anywhere.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/pull-requests/proposal", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The proposal", body = PullRequestProposal),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn propose(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<axum::Json<PullRequestProposal>, Failure> {
    Ok(axum::Json(backend.repository.propose_pull_request(backend.caller, &project, session).await?))
}

/// Pushes what a session made, as `…/repository/push` does, and opens a pull request for it on GitHub, or a merge request on GitLab, with the
/// session's credential. If the branch has an open one, it has the new commits, and the answer is that one.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/pull-requests", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), request_body = OpenPullRequest, responses(
    (status = 200, description = "It is open", body = OpenedPullRequest),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn open(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Json(request): Json<OpenPullRequest>,
) -> Result<axum::Json<OpenedPullRequest>, Failure> {
    Ok(axum::Json(backend.repository.open_pull_request(backend.caller, &project, session, request).await?))
}

/// Asks the forge where a pull request stands: it may have been merged or closed there.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/pull-requests/{number}/look", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("number" = u64, Path, description = "The forge's number for it")), responses(
    (status = 200, description = "Where it stands", body = PullRequest),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn look(
    Backend(backend): Backend,
    Ids((project, session, number)): Ids<(ProjectId, SessionId, u64)>,
) -> Result<axum::Json<PullRequest>, Failure> {
    Ok(axum::Json(backend.repository.look_at_pull_request(backend.caller, &project, session, number).await?))
}

/// Closes a pull request. Its branch stays. One that was closed or merged elsewhere is told to be that.
#[utoipa::path(post, path = "/api/projects/{project}/sessions/{session}/pull-requests/{number}/close", tag = "code", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), ("number" = u64, Path, description = "The forge's number for it")), responses(
    (status = 200, description = "It isn't open any more", body = PullRequest),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn close(
    Backend(backend): Backend,
    Ids((project, session, number)): Ids<(ProjectId, SessionId, u64)>,
) -> Result<axum::Json<PullRequest>, Failure> {
    Ok(axum::Json(backend.repository.close_pull_request(backend.caller, &project, session, number).await?))
}
