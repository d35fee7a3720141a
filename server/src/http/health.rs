//! `/health` (the process lives), `/ready` (it can serve) and `/metrics` (Prometheus).

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use octobot_wire::ProblemKind;

use super::Web;
use super::failure::Failure;
use crate::problem::problem;

/// The routes of these resources.
pub(super) fn routes() -> Router<Web> {
    Router::new().route("/health", get(health)).route("/ready", get(ready)).route("/metrics", get(metrics))
}

async fn health() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        concat!(r#"{"status":"up","version":""#, env!("CARGO_PKG_VERSION"), r#""}"#),
    )
}

async fn ready(State(web): State<Web>) -> Result<impl IntoResponse, Failure> {
    match web.core.store.ping().await {
        Ok(()) => Ok(([(header::CONTENT_TYPE, "application/json")], r#"{"status":"ready"}"#)),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the database doesn't answer");
            Err(problem(ProblemKind::Unavailable, "The database doesn't answer.").into())
        }
    }
}

async fn metrics(State(web): State<Web>) -> impl IntoResponse {
    #[expect(clippy::cast_precision_loss, reason = "these counts are far below 2^52")]
    {
        metrics::gauge!("octobot_event_streams").set(web.core.bus.subscribers() as f64);
        metrics::gauge!("octobot_followed_sessions").set(web.followers.count() as f64);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], web.metrics.render())
}
