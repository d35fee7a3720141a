//! `POST /settings`.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use octobot_wire::daemon::SettingsChanged;
use octobot_wire::setting::ChangeSetting;

use crate::api::Api;
use crate::api::problem::ApiError;

/// Changes a setting of the agent that runs.
pub async fn change(
    State(api): State<Api>,
    change: Result<Json<ChangeSetting>, JsonRejection>,
) -> Result<Json<SettingsChanged>, ApiError> {
    let Json(change) = change?;
    Ok(Json(SettingsChanged { settings: api.turns.change(change).await? }))
}
