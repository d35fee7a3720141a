//! How a failure leaves: as `application/problem+json` with the request's id, which is on every answer and log line.

use std::any::Any;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use octobot_wire::{Problem, ProblemKind};
use rand::random;
use tracing::Instrument as _;

use crate::problem::problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A failure on its way out. [`finish`] writes its body.
#[derive(Debug)]
pub(super) struct Failure(pub(super) Problem);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

/// Gives the request an id, logs how it ended, and writes the body of a failure.
pub(super) async fn finish(request: Request, next: Next) -> Response {
    let id = format!("{:016x}", random::<u64>());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let wants_html = request.headers().get(header::ACCEPT).is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
    let span =
        tracing::info_span!("request", request.id = %id, http.method = %method, http.path = %request.uri().path());
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    span.in_scope(|| tracing::debug!(http.status = status.as_u16(), "request {id} was answered with {status}"));
    metrics::counter!("octobot_http_requests_total", "method" => method.to_string(), "route" => route, "status" => status.as_u16().to_string()).increment(1);
    if let Some(problem) = problem_of(&mut response) {
        let problem = Problem { request_id: Some(id.clone()), ..problem };
        response = if wants_html { page(&problem, status) } else { json(&problem, status) };
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The problem that an answer stands for: a [`Failure`]'s own, or one made for a bare status of a layer.
fn problem_of(response: &mut Response) -> Option<Problem> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Some(problem);
    }
    match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Some(problem(ProblemKind::TooLarge, "The request is too large.")),
        StatusCode::METHOD_NOT_ALLOWED => {
            let detail = "This address doesn't take this method; /api/openapi.json says which it takes.";
            Some(Problem { status: 405, ..problem(ProblemKind::Invalid, detail) })
        }
        _ => None,
    }
}

fn json(problem: &Problem, status: StatusCode) -> Response {
    let body = serde_json::to_vec(problem).expect("a problem is always valid JSON");
    let headers = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, Body::from(body)).into_response()
}

/// A person who typed an address sees a sentence.
fn page(problem: &Problem, status: StatusCode) -> Response {
    let id = problem.request_id.as_deref().unwrap_or_default();
    let body = format!("{}\n\n{}\n\nRequest {id}\n", problem.title, problem.detail);
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], body)
        .into_response()
}

/// What a client sees of a defect. The panic itself was logged by the hook.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Failure(problem(ProblemKind::Internal, "Something went wrong in Octobot. The server's log has the details."))
        .into_response()
}
