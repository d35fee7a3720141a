//! `GET /folder?path=`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use octobot_wire::code::Folder;
use serde::Deserialize;

use crate::api::Api;
use crate::api::problem::ApiError;
use crate::files::path_of;

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
