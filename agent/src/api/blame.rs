//! `GET /blame?path=&from=&count=`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use octobot_wire::code::{Blame, BlameQuery};

use crate::api::Api;
use crate::api::problem::ApiError;

/// Tells where lines of a file are from.
pub async fn read(
    State(api): State<Api>,
    query: Result<Query<BlameQuery>, QueryRejection>,
) -> Result<Json<Blame>, ApiError> {
    let Query(query) = query?;
    Ok(Json(api.workspace.blame(&query).await?))
}
