//! `POST /stage`.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use octobot_wire::code::StageChanges;

use crate::api::Api;
use crate::api::problem::ApiError;

/// Stages changes, or takes them back.
pub async fn change(
    State(api): State<Api>,
    request: Result<Json<StageChanges>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let Json(request) = request?;
    api.workspace.stage(&request).await?;
    Ok(StatusCode::NO_CONTENT)
}
