//! `POST /discard/lines`.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use octobot_wire::code::PutLinesBack;
use octobot_wire::code::repository::Discarded;

use crate::api::Api;
use crate::api::problem::ApiError;

/// Puts lines of a file back.
pub async fn put_back(
    State(api): State<Api>,
    request: Result<Json<PutLinesBack>, JsonRejection>,
) -> Result<Json<Discarded>, ApiError> {
    let Json(request) = request?;
    Ok(Json(Discarded { number: api.workspace.put_lines_back(&request).await? }))
}
