//! `GET /search`.

use std::io;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use bytes::Bytes;
use futures::stream::unfold;
use octobot_wire::code::SearchQuery;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::api::Api;
use crate::api::problem::ApiError;
use crate::files::{Pattern, search};

/// So many lines wait for a client that reads slowly; the search waits then, too.
const MOST_WAITING: usize = 256;

/// Tells where a text is in the files of the workspace, as it is found.
pub async fn run(
    State(api): State<Api>,
    query: Result<Query<SearchQuery>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Query(query) = query?;
    let pattern =
        Pattern::of(&query).map_err(|error| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()))?;
    let (sender, receiver) = mpsc::channel(MOST_WAITING);
    let workspace = api.workspace.path().to_owned();
    let listener = sender.clone();
    spawn_blocking(move || {
        let mut tell = |line| {
            let mut text = serde_json::to_vec(&line).expect("a line of an answer is always valid JSON");
            text.push(b'\n');
            // It fails when the client has gone.
            sender.blocking_send(Ok::<_, io::Error>(Bytes::from(text))).is_ok()
        };
        if let Err(error) = search(&workspace, &pattern, &|| !listener.is_closed(), &mut tell) {
            tracing::warn!(error = %error, "the workspace can't be searched");
            // The answer breaks off, so that it isn't taken for a whole one.
            drop(sender.blocking_send(Err(error)));
        }
    });
    let lines = unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)))
}
