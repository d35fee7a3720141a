//! `GET /turns/{id}/changes`, `POST /turns/{id}/rewind` and `POST /rewinds/{number}/undo`.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use octobot_wire::TurnId;
use octobot_wire::code::{Changes, Rewound};

use crate::api::Api;
use crate::api::problem::ApiError;
use crate::driver::Rewinding;

/// Tells what a turn changed.
pub async fn changes(
    State(api): State<Api>,
    turn_id: Result<Path<TurnId>, PathRejection>,
) -> Result<Json<Changes>, ApiError> {
    let Path(turn_id) = turn_id?;
    let is_running = api.turns.standing().running == Some(turn_id);
    Ok(Json(api.workspace.changes_of(turn_id, is_running).await?))
}

/// Puts the files back to what they were before a turn.
pub async fn rewind(
    State(api): State<Api>,
    turn_id: Result<Path<TurnId>, PathRejection>,
) -> Result<Json<Rewound>, ApiError> {
    let Path(turn_id) = turn_id?;
    Ok(Json(api.turns.rewind(Rewinding::Before(turn_id)).await?))
}

/// Puts them back to what they were before they were put back.
pub async fn undo(State(api): State<Api>, number: Result<Path<u32>, PathRejection>) -> Result<Json<Rewound>, ApiError> {
    let Path(number) = number?;
    Ok(Json(api.turns.rewind(Rewinding::Undo(number)).await?))
}
