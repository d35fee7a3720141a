//! `POST /turns`, `POST /turns/{id}/proceed` and `POST /turns/{id}/cancel`.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use octobot_wire::TurnId;
use octobot_wire::daemon::{DeliverTurn, TurnDelivered};

use crate::api::Api;
use crate::api::problem::ApiError;

/// Gives a turn to the agent. The same turn may be delivered again and again; it runs once.
pub async fn deliver(
    State(api): State<Api>,
    turn: Result<Json<DeliverTurn>, JsonRejection>,
) -> Result<Json<TurnDelivered>, ApiError> {
    let Json(turn) = turn?;
    Ok(Json(api.turns.deliver(turn).await?))
}

/// Begins the prompt of a turn that is held.
pub async fn proceed(
    State(api): State<Api>,
    turn_id: Result<Path<TurnId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(turn_id) = turn_id?;
    api.turns.proceed(turn_id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Stops a turn.
pub async fn cancel(
    State(api): State<Api>,
    turn_id: Result<Path<TurnId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(turn_id) = turn_id?;
    api.turns.cancel(turn_id).await?;
    Ok(StatusCode::ACCEPTED)
}
