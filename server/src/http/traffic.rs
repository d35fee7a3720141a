//! `/api/projects/{project}/sessions/{session}/network`: what passes through a session's proxy.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt as _};
use octobot_wire::traffic::{TrafficFilter, TrafficPage, TrafficRecord, TrafficSummary};
use octobot_wire::{Problem, ProjectId, SessionId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Parameters, header as header_value};
use super::failure::Failure;
use crate::problem::of_service;
use crate::services::ServiceError;

mod csv;

/// How often a silent stream says that it is alive, in seconds.
const PING: std::time::Duration = std::time::Duration::from_secs(15);

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(log))
        .routes(routes!(export))
        .routes(routes!(summary))
        .routes(routes!(clear_cache))
}

/// Records of the session's proxy, for as long as its sandbox runs: those after a number, or else the last ones.
///
/// With `Accept: text/event-stream`, also all that follow: `data` is a page of records, and `id` its `last`. A client that
/// comes back sends that as `Last-Event-ID`.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/network/log", tag = "network", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), TrafficFilter), responses(
    (status = 200, description = "The records, oldest first", body = TrafficPage),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn log(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(mut filter): Parameters<TrafficFilter>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let streams = headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes() == b"text/event-stream");
    if !streams {
        let page = web.services.traffic.page(backend.caller, &project, session, filter).await;
        return Ok(axum::Json(page.map_err(|error| of_service(&error))?).into_response());
    }
    filter.after = header_value(&headers, "last-event-id").or(filter.after);
    let pages = web.services.traffic.follow(backend.caller, &project, session, filter).await;
    let pages = pages.map_err(|error| of_service(&error))?;
    let shutdown = web.shutdown.clone().cancelled_owned();
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store, no-transform"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(events(pages).take_until(shutdown))).into_response())
}

/// Pages as server-sent events. A proxy that ends, or can't be understood any more, ends the stream.
fn events(
    pages: impl Stream<Item = Result<TrafficPage, ServiceError>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> + Send {
    let state = Some(pages.boxed());
    futures::stream::unfold(state, |state| async move {
        let mut pages = state?;
        match tokio::time::timeout(PING, pages.next()).await {
            Err(_) => Some((Ok(Bytes::from_static(b": ping\n\n")), Some(pages))),
            Ok(Some(Ok(page))) => Some((Ok(event(&page)), Some(pages))),
            Ok(Some(Err(error))) => {
                tracing::info!(error = &error as &dyn std::error::Error, "a proxy's log can't be followed any more");
                None
            }
            Ok(None) => None,
        }
    })
}

fn event(page: &TrafficPage) -> Bytes {
    let json = serde_json::to_string(page).expect("a page is plain data");
    format!("id: {}\ndata: {json}\n\n", page.last).into()
}

/// How records are written.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// One JSON object a line.
    #[default]
    Jsonl,
    /// Values with commas between them (RFC 4180), with a line of names first.
    Csv,
}

/// What is exported.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// How the records are written.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// All records that the session's proxy holds, some thousands, as a file.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/network/export", tag = "network", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id"), Wanted, TrafficFilter), responses(
    (status = 200, description = "The records, oldest first", body = String, content_type = "application/x-ndjson"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn export(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
    Parameters(Wanted { format }): Parameters<Wanted>,
    Parameters(filter): Parameters<TrafficFilter>,
) -> Result<Response, Failure> {
    let records = web.services.traffic.export(backend.caller, &project, session, filter).await;
    let records = records.map_err(|error| of_service(&error))?;
    let (media_type, file, text) = match format {
        Format::Jsonl => ("application/x-ndjson", "network.jsonl", json_lines(&records)),
        Format::Csv => ("text/csv; charset=utf-8", "network.csv", csv::write(&records)),
    };
    let disposition = format!("attachment; filename=\"{file}\"");
    let disposition = HeaderValue::from_str(&disposition).expect("the file's name is plain");
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(media_type)), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, text).into_response())
}

fn json_lines(records: &[TrafficRecord]) -> String {
    let line = |record| serde_json::to_string(record).expect("a record is plain data") + "\n";
    records.iter().map(line).collect()
}

/// What was counted by host since the session's proxy started, and what its cache did.
#[utoipa::path(get, path = "/api/projects/{project}/sessions/{session}/network/summary", tag = "network", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 200, description = "The figures", body = TrafficSummary),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn summary(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<axum::Json<TrafficSummary>, Failure> {
    let summary = backend.traffic.summary(backend.caller, &project, session).await?;
    Ok(axum::Json(summary.ok_or_else(|| of_service(&ServiceError::SandboxDown))?))
}

/// Removes everything from the cache, which all sandboxes of the project share. What is in it is fetched again when needed.
#[utoipa::path(delete, path = "/api/projects/{project}/sessions/{session}/network/cache", tag = "network", params(("project" = String, Path, description = "The project's id"), ("session" = String, Path, description = "The session's id")), responses(
    (status = 204, description = "The cache is empty"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn clear_cache(
    Backend(backend): Backend,
    Ids((project, session)): Ids<(ProjectId, SessionId)>,
) -> Result<StatusCode, Failure> {
    backend.traffic.clear_cache(backend.caller, &project, session).await?;
    Ok(StatusCode::NO_CONTENT)
}
