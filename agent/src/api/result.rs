//! `GET /result` and `GET /patch`.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use tokio_util::io::ReaderStream;

use crate::api::Api;
use crate::api::problem::ApiError;

/// Gives what the session made as a git bundle.
pub async fn bundle(State(api): State<Api>) -> Result<impl IntoResponse, ApiError> {
    let file = api.workspace.result().await?;
    Ok(([(CONTENT_TYPE, "application/x-git-bundle")], Body::from_stream(ReaderStream::new(file))))
}

/// Gives what the session made as a patch.
pub async fn patch(State(api): State<Api>) -> Result<impl IntoResponse, ApiError> {
    let file = api.workspace.patch().await?;
    Ok(([(CONTENT_TYPE, "text/x-diff")], Body::from_stream(ReaderStream::new(file))))
}
