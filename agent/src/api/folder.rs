//! `GET /folder?path=` and `PUT /folder?path=`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use octobot_wire::code::Folder;
use serde::Deserialize;

use crate::api::Api;
use crate::api::entries::change;
use crate::api::problem::ApiError;
use crate::files::{make_folder, path_of};

/// Which folder.
#[derive(Debug, Deserialize)]
pub struct Place {
    /// Its path; empty for the workspace itself.
    #[serde(default)]
    path: String,
}

/// Lists a folder of the workspace.
pub async fn list(
    State(api): State<Api>,
    place: Result<Query<Place>, QueryRejection>,
) -> Result<Json<Folder>, ApiError> {
    let Query(Place { path }) = place?;
    Ok(Json(api.workspace.folder(path_of(&path)).await?))
}

/// Makes a folder in the workspace.
pub async fn make(State(api): State<Api>, place: Result<Query<Place>, QueryRejection>) -> Result<StatusCode, ApiError> {
    let Query(Place { path }) = place?;
    change(&api, move |workspace| make_folder(workspace, &path_of(&path))).await?;
    Ok(StatusCode::CREATED)
}
