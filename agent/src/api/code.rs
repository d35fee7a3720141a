//! `POST /code?origin=`.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use octobot_wire::daemon::CodeReceived;
use serde::Deserialize;

use crate::api::Api;
use crate::api::problem::ApiError;

/// Where the code comes from.
#[derive(Debug, Deserialize)]
pub struct Source {
    origin: Option<String>,
}

/// Puts the code of a bundle into the workspace.
pub async fn receive(
    State(api): State<Api>,
    source: Result<Query<Source>, QueryRejection>,
    bundle: Body,
) -> Result<Json<CodeReceived>, ApiError> {
    let Query(Source { origin }) = source?;
    Ok(Json(api.workspace.receive(bundle.into_data_stream(), origin.as_deref()).await?))
}
