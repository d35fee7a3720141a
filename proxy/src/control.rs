//! The proxy's REST API: its configuration, its log, its state. Everything but `/health` needs the token.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Json;
use axum::routing::{delete, get};
use serde::Serialize;
use serde_json::Value;

use crate::cache::CacheStats;
use crate::log::{Counts, Health};
use crate::proxy::Proxy;
use crate::secret::Secret;

mod answer;
mod entries;
mod metrics;
mod serve;
mod token;

pub use serve::{prepare, serve};
pub use token::{TokenError, read_token};

use answer::Problem;

/// The largest configuration that is taken.
const LARGEST: usize = 4 << 20;

/// The API.
#[derive(Clone)]
pub struct Control {
    proxy: Arc<Proxy>,
    /// Without one, nothing that needs it can be had.
    token: Option<Arc<Secret>>,
}

/// How the proxy is.
#[derive(Debug, Serialize)]
struct Condition {
    status: &'static str,
    connections: usize,
    log: Option<Health>,
}

impl Control {
    /// For a proxy.
    pub fn new(proxy: Arc<Proxy>, token: Option<Secret>) -> Self {
        Self { proxy, token: token.map(Arc::new) }
    }

    /// The routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/api/config", get(show).put(replace).patch(change))
            .route("/api/cache", delete(clear))
            .route("/api/cache/stats", get(stats))
            .route("/api/log", get(entries::read))
            .route("/api/hosts", get(hosts))
            .route("/api/ca", get(certificate))
            .route("/metrics", get(metrics::show))
            .layer(from_fn_with_state(self.clone(), token::require))
            .route("/health", get(health))
            .layer(DefaultBodyLimit::max(LARGEST))
            .with_state(self)
    }
}

async fn show(State(control): State<Control>) -> Json<Value> {
    Json(control.proxy.live.shown())
}

async fn replace(State(control): State<Control>, Json(config): Json<Value>) -> Result<Json<Value>, Problem> {
    control.proxy.live.replace(config)?;
    Ok(Json(control.proxy.live.shown()))
}

async fn change(State(control): State<Control>, Json(patch): Json<Value>) -> Result<Json<Value>, Problem> {
    control.proxy.live.patch(patch)?;
    Ok(Json(control.proxy.live.shown()))
}

async fn stats(State(control): State<Control>) -> Result<Json<CacheStats>, Problem> {
    Ok(Json(control.proxy.cache.stats().await?))
}

async fn clear(State(control): State<Control>) -> Result<StatusCode, Problem> {
    control.proxy.cache.clear().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn hosts(State(control): State<Control>) -> Json<BTreeMap<String, Counts>> {
    Json(control.proxy.log.hosts())
}

async fn certificate(State(control): State<Control>) -> String {
    control.proxy.authority.pem().to_owned()
}

async fn health(State(control): State<Control>) -> Json<Condition> {
    let log = control.proxy.log.health();
    let is_well = log.as_ref().is_none_or(|log| log.failure.is_none());
    Json(Condition { status: if is_well { "ok" } else { "degraded" }, connections: control.proxy.connections(), log })
}
