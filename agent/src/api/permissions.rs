//! `POST /turns/{id}/permissions/{part}`.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use octobot_wire::TurnId;
use octobot_wire::permission::{AnswerPermission, PermissionAnswered};

use crate::api::Api;
use crate::api::problem::ApiError;

/// Answers a request. Of several answers the first counts, and all callers are told which.
pub async fn answer(
    State(api): State<Api>,
    request: Result<Path<(TurnId, u32)>, PathRejection>,
    answer: Result<Json<AnswerPermission>, JsonRejection>,
) -> Result<Json<PermissionAnswered>, ApiError> {
    let (Path((turn_id, part)), Json(answer)) = (request?, answer?);
    Ok(Json(PermissionAnswered { state: api.turns.answer(turn_id, part, answer).await? }))
}
