//! `GET /events?after=N`.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::api::Api;
use crate::api::problem::ApiError;

/// Where to go on.
#[derive(Debug, Deserialize)]
pub struct FollowQuery {
    /// The number of the last event that the caller has.
    #[serde(default)]
    after: u64,
}

/// Streams the lines of the log after an event, and those that come, until the daemon ends.
///
/// A caller that has more events than the log is answered with 409: it follows another session, or the machine crashed
/// before the log was durable. It has to look at the health and decide.
pub async fn follow(
    State(api): State<Api>,
    query: Result<Query<FollowQuery>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Query(FollowQuery { after }) = query?;
    let lines = api.log.follow(after)?;
    Ok(([(CONTENT_TYPE, "application/x-ndjson"), (CACHE_CONTROL, "no-store")], Body::from_stream(lines)))
}
