//! Bodies that are too large. A client that still sends when the connection is closed never hears why: so a refused body is
//! read to its end first, and dropped, as far as that is reasonable.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use futures::StreamExt as _;
use tokio::time::timeout;

use super::MAX_BODY_BYTES;

/// Of a larger body nothing is read.
const MAX_DROPPED_BYTES: usize = 64 * 1024 * 1024;

/// How long a client has to send what is dropped.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads the body of a request that the next layer refuses by its length.
pub(super) async fn drop_body(request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if !length.is_some_and(|length: usize| (MAX_BODY_BYTES + 1..=MAX_DROPPED_BYTES).contains(&length)) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let mut frames = body.into_data_stream();
    let dropped = timeout(PATIENCE, async { while frames.next().await.is_some_and(|frame| frame.is_ok()) {} }).await;
    if dropped.is_err() {
        tracing::debug!("a body that is too large didn't arrive in time");
    }
    next.run(Request::from_parts(parts, Body::empty())).await
}
