//! `GET /branches`, `POST /branches`, `POST /checkout` and `POST /fetch`.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use octobot_wire::code::branches::{Branches, CheckoutBranch, CheckoutOutcome, FetchOutcome, MakeBranch};

use crate::api::Api;
use crate::api::problem::ApiError;

/// Tells the branches.
pub async fn list(State(api): State<Api>) -> Result<Json<Branches>, ApiError> {
    Ok(Json(api.workspace.branches().await?))
}

/// Makes a branch, and checks it out.
pub async fn make(
    State(api): State<Api>,
    request: Result<Json<MakeBranch>, JsonRejection>,
) -> Result<Json<Branches>, ApiError> {
    let Json(request) = request?;
    Ok(Json(api.turns.make_branch(request).await?))
}

/// Checks a branch out.
pub async fn check_out(
    State(api): State<Api>,
    request: Result<Json<CheckoutBranch>, JsonRejection>,
) -> Result<Json<CheckoutOutcome>, ApiError> {
    let Json(request) = request?;
    Ok(Json(api.turns.check_out(request).await?))
}

/// Fetches the branches of `origin`. Who doesn't wait for the answer ends it.
pub async fn fetch(State(api): State<Api>) -> Result<Json<FetchOutcome>, ApiError> {
    Ok(Json(api.workspace.fetch().await?))
}
