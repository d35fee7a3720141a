//! `GET /content?path=&at=`.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use octobot_wire::code::FileKind;
use octobot_wire::daemon::KIND_HEADER;
use serde::Deserialize;

use crate::api::Api;
use crate::api::problem::ApiError;
use crate::files::{Content, path_of};

/// Which file, and when.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    path: String,
    at: Option<String>,
}

/// Gives the bytes of a file.
pub async fn read(
    State(api): State<Api>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Query(Wanted { path, at }) = wanted?;
    let Content { kind, bytes } = api.workspace.content(path_of(&path), at.as_deref()).await?;
    let headers = [(CONTENT_TYPE, "application/octet-stream"), (HeaderName::from_static(KIND_HEADER), word(kind))];
    Ok((headers, bytes))
}

/// What a kind is called in JSON.
fn word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Executable => "executable",
        FileKind::Link => "link",
        FileKind::Submodule => "submodule",
        FileKind::Folder => "folder",
        FileKind::Special => "special",
    }
}
