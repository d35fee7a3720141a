//! `GET /content?path=&at=` and `PUT /content?path=`.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use octobot_wire::code::FileKind;
use octobot_wire::daemon::{KIND_HEADER, MAX_CONTENT};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use crate::api::Api;
use crate::api::problem::ApiError;
use crate::files::{self, ChangeError, Content, Over, path_of, state_of};

/// A body that is too large is read so far, so that who sends it hears why it isn't taken.
const MOST_DROPPED: u64 = 64 * 1024 * 1024;

/// Which file, and when.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    path: String,
    at: Option<String>,
    /// Whether of a link the file is meant that it leads to.
    #[serde(default)]
    follow: bool,
}

/// Gives the bytes of a file, and its state as an entity tag.
pub async fn read(
    State(api): State<Api>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Query(Wanted { path, at, follow }) = wanted?;
    let mut path = path_of(&path);
    if follow && at.is_none() {
        let workspace = api.workspace.path().to_owned();
        let found = spawn_blocking(move || files::behind_links(&workspace, &path));
        path = found.await.expect("looking doesn't panic").map_err(ChangeError::from)?;
    }
    let Content { kind, bytes } = api.workspace.content(path, at.as_deref()).await?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (HeaderName::from_static(KIND_HEADER), HeaderValue::from_static(word(kind))),
        (ETAG, tag(&state_of(&bytes))),
    ];
    Ok((headers, bytes))
}

/// Which file is written.
#[derive(Debug, Deserialize)]
pub struct Written {
    path: String,
}

/// Writes a file, and gives its state.
pub async fn write(
    State(api): State<Api>,
    written: Result<Query<Written>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let Query(Written { path }) = written?;
    let over = over(&headers)?;
    let bytes = received(body).await?;
    let is_new = over == Over::Nothing;
    let (workspace, path) = (api.workspace.path().to_owned(), path_of(&path));
    let written = spawn_blocking(move || files::write(&workspace, &path, &over, &bytes));
    match written.await.expect("writing doesn't panic") {
        Ok(state) => {
            let status = if is_new { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
            Ok((status, [(ETAG, tag(&state))]).into_response())
        }
        Err(error) => {
            let state = if let ChangeError::Another { state, .. } = &error { state.clone() } else { None };
            let mut answer = ApiError::from(error).into_response();
            if let Some(state) = state {
                answer.headers_mut().insert(ETAG, tag(&state));
            }
            Ok(answer)
        }
    }
}

/// What is written over, as the conditions of RFC 9110 say it. One of them has to be there.
fn over(headers: &HeaderMap) -> Result<Over, ApiError> {
    let missing = || {
        let detail =
            "say with If-Match which state of the file is written over, or with If-None-Match: * that there is none";
        ApiError::new(StatusCode::PRECONDITION_REQUIRED, detail)
    };
    match (headers.get(IF_MATCH), headers.get(IF_NONE_MATCH)) {
        (None, Some(none)) if none == "*" => Ok(Over::Nothing),
        (Some(state), None) => {
            let state = state.to_str().ok().and_then(|state| state.strip_prefix('"')?.strip_suffix('"'));
            state.map(|state| Over::State(state.to_owned())).ok_or_else(missing)
        }
        _ => Err(missing()),
    }
}

async fn received(body: Body) -> Result<Vec<u8>, ApiError> {
    let mut pieces = body.into_data_stream();
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "the file didn't arrive whole"))?;
        length += piece.len() as u64;
        if length <= MAX_CONTENT {
            bytes.extend_from_slice(&piece);
        } else if length > MOST_DROPPED {
            break;
        }
    }
    if length > MAX_CONTENT {
        let detail = format!("a file may have {MAX_CONTENT} bytes");
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, &detail));
    }
    Ok(bytes)
}

/// A state as an entity tag.
fn tag(state: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{state}\"")).expect("a state is digits of a digest")
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
