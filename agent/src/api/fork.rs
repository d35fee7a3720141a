//! `GET /fork`.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use octobot_wire::TurnId;
use octobot_wire::daemon::TurnSide;
use serde::Deserialize;
use tokio_util::io::ReaderStream;

use crate::api::Api;
use crate::api::problem::ApiError;

/// Which moment.
#[derive(Debug, Deserialize)]
pub struct Moment {
    /// A turn; none for now.
    turn: Option<TurnId>,
    /// Whether it is the moment before that turn.
    #[serde(default)]
    before: bool,
}

/// Gives the workspace as it was at a moment.
pub async fn bundle(
    State(api): State<Api>,
    moment: Result<Query<Moment>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Query(Moment { turn, before }) = moment?;
    let side = if before { TurnSide::Before } else { TurnSide::After };
    let file = api.workspace.fork(turn.map(|turn| (turn, side))).await?;
    Ok(([(CONTENT_TYPE, "application/x-git-bundle")], Body::from_stream(ReaderStream::new(file))))
}
