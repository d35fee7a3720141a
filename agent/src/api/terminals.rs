//! `/terminals`.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use octobot_wire::TerminalId;
use octobot_wire::terminal::{
    MAX_INPUT_MESSAGE, OpenTerminal, RenameTerminal, Terminal, TerminalMatches, TerminalQuery,
};
use serde::Deserialize;

use crate::api::Api;
use crate::api::problem::ApiError;

/// Where to go on.
#[derive(Debug, Deserialize)]
pub struct After {
    /// The number of the first byte that the caller wants.
    after: Option<u64>,
}

/// The open terminals.
pub async fn list(State(api): State<Api>) -> Json<Vec<Terminal>> {
    Json(api.terminals.list())
}

/// Opens one.
pub async fn open(
    State(api): State<Api>,
    request: Result<Json<OpenTerminal>, JsonRejection>,
) -> Result<Json<Terminal>, ApiError> {
    let Json(request) = request?;
    let id = request.id.ok_or_else(|| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "the terminal has no id"))?;
    Ok(Json(api.terminals.open(id, request)?))
}

/// Renames one.
pub async fn rename(
    State(api): State<Api>,
    id: Result<Path<TerminalId>, PathRejection>,
    request: Result<Json<RenameTerminal>, JsonRejection>,
) -> Result<Json<Terminal>, ApiError> {
    let (Path(id), Json(request)) = (id?, request?);
    Ok(Json(api.terminals.rename(id, request.name)?))
}

/// Closes one.
pub async fn close(
    State(api): State<Api>,
    id: Result<Path<TerminalId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id?;
    api.terminals.close(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Attaches a reader.
pub async fn attach(
    State(api): State<Api>,
    id: Result<Path<TerminalId>, PathRejection>,
    query: Result<Query<After>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Query(After { after }), upgrade) = (id?, query?, upgrade?);
    let attachment = api.terminals.attach(id, after)?;
    let upgrade = upgrade.max_message_size(MAX_INPUT_MESSAGE).max_frame_size(MAX_INPUT_MESSAGE);
    Ok(upgrade.on_upgrade(|socket| attachment.attend(socket)))
}

/// What one has printed, as far as it is kept.
pub async fn output(
    State(api): State<Api>,
    id: Result<Path<TerminalId>, PathRejection>,
    query: Result<Query<After>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let (Path(id), Query(After { after })) = (id?, query?);
    let (first, bytes) = api.terminals.output(id, after.unwrap_or_default())?;
    let offset = ("x-offset", first.to_string());
    let headers = [(CONTENT_TYPE.as_str(), "application/octet-stream".to_owned()), offset];
    Ok((headers, [(CACHE_CONTROL, "no-store")], bytes))
}

/// Looks for a text in what all have printed.
pub async fn search(
    State(api): State<Api>,
    query: Result<Query<TerminalQuery>, QueryRejection>,
) -> Result<Json<TerminalMatches>, ApiError> {
    let Query(TerminalQuery { text }) = query?;
    Ok(Json(api.terminals.search(text).await?))
}
