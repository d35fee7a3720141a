//! `GET /repository`, `GET /log`, `POST /commit`, `POST /discard` and its undoing.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use octobot_wire::code::repository::{
    CommitPage, DiscardChanges, Discarded, LogQuery, LoggedCommit, MakeCommit, RepositoryQuery, RepositoryState,
};

use crate::api::Api;
use crate::api::problem::ApiError;
use crate::files::path_of;
use crate::git::Chosen;

/// Tells where the repository stands.
pub async fn get(
    State(api): State<Api>,
    query: Result<Query<RepositoryQuery>, QueryRejection>,
) -> Result<Json<RepositoryState>, ApiError> {
    let Query(RepositoryQuery { has }) = query?;
    Ok(Json(api.workspace.repository(has.as_deref()).await?))
}

/// Tells commits.
pub async fn log(
    State(api): State<Api>,
    query: Result<Query<LogQuery>, QueryRejection>,
) -> Result<Json<CommitPage>, ApiError> {
    let Query(LogQuery { from, count }) = query?;
    Ok(Json(api.workspace.log(from, count).await?))
}

/// Commits changes.
pub async fn commit(
    State(api): State<Api>,
    request: Result<Json<MakeCommit>, JsonRejection>,
) -> Result<Json<LoggedCommit>, ApiError> {
    let Json(MakeCommit { message, paths, parts, staged }) = request?;
    let paths: Option<Vec<_>> = paths.map(|paths| paths.iter().map(|path| path_of(path)).collect());
    let chosen = if staged && paths.is_none() && parts.is_empty() {
        Chosen::Staged
    } else if staged {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "what is staged is committed alone; name no files"));
    } else {
        Chosen::Changes(paths.as_deref(), &parts)
    };
    Ok(Json(api.workspace.commit(&message, chosen).await?))
}

/// Puts files back.
pub async fn discard(
    State(api): State<Api>,
    request: Result<Json<DiscardChanges>, JsonRejection>,
) -> Result<Json<Discarded>, ApiError> {
    let Json(DiscardChanges { paths }) = request?;
    let paths: Vec<_> = paths.iter().map(|path| path_of(path)).collect();
    Ok(Json(Discarded { number: api.workspace.discard(&paths).await? }))
}

/// Brings back what was thrown away.
pub async fn undo(State(api): State<Api>, number: Result<Path<u32>, PathRejection>) -> Result<StatusCode, ApiError> {
    let Path(number) = number?;
    api.workspace.undo_discard(number).await?;
    Ok(StatusCode::NO_CONTENT)
}
