//! `GET /files`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use octobot_wire::daemon::FoundFiles;
use serde::Deserialize;

use crate::api::Api;
use crate::api::problem::ApiError;
use crate::finding;

/// So many files are told of at most.
const MOST: usize = 20;

/// What is looked for.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    name: String,
}

/// Finds files of the workspace by a part of their path.
pub async fn find(
    State(api): State<Api>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<FoundFiles>, ApiError> {
    let Query(Wanted { name }) = wanted?;
    let list = api.workspace.files().await?;
    Ok(Json(FoundFiles { paths: finding::best(list.split_terminator('\0'), &name, MOST) }))
}
