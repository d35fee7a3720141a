//! `POST /code`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use octobot_wire::daemon::CodeReceived;

use crate::api::Api;
use crate::api::problem::ApiError;

/// Puts the code of a bundle into the workspace.
pub async fn receive(State(api): State<Api>, bundle: Body) -> Result<Json<CodeReceived>, ApiError> {
    Ok(Json(api.workspace.receive(bundle.into_data_stream()).await?))
}
