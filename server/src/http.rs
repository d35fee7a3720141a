//! The web: routes, extractors, streams and pages. One file for each small resource; no SQL and no rules of the domain.
//!
//! Every route stands behind the same layers: host and origin are checked, the caller is determined, and every failure
//! is answered as `application/problem+json` with the id of the request.

mod agents;
mod assets;
mod attachments;
mod branches;
mod chat;
mod code;
mod credentials;
mod editing;
mod events;
mod extract;
mod failure;
mod files;
mod guard;
mod health;
mod large;
mod network;
mod openapi;
mod pages;
mod preferences;
mod projects;
mod pull_requests;
mod repository;
mod sessions;
mod terminals;
mod traffic;
mod turns;
mod workspaces;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;

pub use assets::{AssetError, Assets};

use crate::backend::Services;
use crate::services::{Core, Followers};

/// The largest body that is taken, in bytes: a prompt with all the files that may go with it, as Base64 in JSON.
const MAX_BODY_BYTES: usize = 36 * 1024 * 1024;

/// What all routes share.
#[derive(Clone)]
pub struct Web {
    /// The store and the bus, for streams and health.
    pub core: Arc<Core>,
    /// What the handlers call.
    pub services: Services,
    /// The page's files.
    pub assets: Arc<Assets>,
    /// How many sessions are followed, for the metrics.
    pub followers: Arc<Followers>,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// Where a page under development listens for its reload.
    pub dev_reload: Option<String>,
    /// Cancelled when the server shuts down: open streams end then.
    pub shutdown: CancellationToken,
}

/// All routes, behind all layers.
pub fn router(web: Web) -> Router {
    let (api, document) = openapi::api().split_for_parts();
    let api = api.route("/api/openapi.json", openapi::serve(&document));
    Router::new()
        .merge(api)
        .merge(health::routes())
        .merge(assets::routes())
        .merge(pages::routes())
        .with_state(web.clone())
        .layer(from_fn_with_state(web, guard::admit))
        .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES))
        .layer(from_fn(large::drop_body))
        .layer(CatchPanicLayer::custom(failure::panicked))
        .layer(from_fn(failure::finish))
}
