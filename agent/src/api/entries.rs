//! `POST /entries/move`, `DELETE /entries?path=` and `POST /trash/{number}/restore`.

use std::path::Path;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path as Segments, Query, State};
use axum::http::StatusCode;
use octobot_wire::code::{MoveEntry, Trashed};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use crate::api::Api;
use crate::api::problem::ApiError;
use crate::files::{ChangeError, path_of, rename};

/// Gives a file or folder another path.
pub async fn move_to(
    State(api): State<Api>,
    request: Result<Json<MoveEntry>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let Json(MoveEntry { from, to }) = request?;
    change(&api, move |workspace| rename(workspace, &path_of(&from), &path_of(&to))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is deleted.
#[derive(Debug, Deserialize)]
pub struct Place {
    path: String,
}

/// Moves a file or folder into the trash.
pub async fn delete(
    State(api): State<Api>,
    place: Result<Query<Place>, QueryRejection>,
) -> Result<Json<Trashed>, ApiError> {
    let Query(Place { path }) = place?;
    let trash = api.trash.clone();
    let number = change(&api, move |workspace| trash.take(workspace, &path_of(&path))).await?;
    Ok(Json(Trashed { number }))
}

/// Brings back what is in the trash.
pub async fn restore(
    State(api): State<Api>,
    number: Result<Segments<u64>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Segments(number) = number?;
    let trash = api.trash.clone();
    change(&api, move |workspace| trash.restore(workspace, number)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes something in the workspace, on a thread that may wait for the disk.
pub(super) async fn change<T: Send + 'static>(
    api: &Api,
    change: impl FnOnce(&Path) -> Result<T, ChangeError> + Send + 'static,
) -> Result<T, ApiError> {
    let workspace = api.workspace.path().to_owned();
    Ok(spawn_blocking(move || change(&workspace)).await.expect("changing files doesn't panic")?)
}
