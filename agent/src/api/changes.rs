//! `GET /changes`.

use axum::Json;
use axum::extract::State;
use octobot_wire::code::Changes;

use crate::api::Api;
use crate::api::problem::ApiError;

/// Tells what differs from what the session started with.
pub async fn get(State(api): State<Api>) -> Result<Json<Changes>, ApiError> {
    Ok(Json(Changes::clone(&*api.workspace.changes().await?)))
}
