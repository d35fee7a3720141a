//! Pages, rendered with their data, and the server functions that they call.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use leptos::nonce::use_nonce;
use leptos::prelude::{expect_context, provide_context, use_context};
use leptos_axum::{ResponseOptions, handle_server_fns_with_context, render_app_async_with_context};
use octobot_app::place::project_url;
use octobot_app::ports::{AnswerStatus, Backend as Ports};
use octobot_app::{Page, shell};
use octobot_wire::ProjectId;

use super::Web;
use super::extract::Backend;
use super::failure::Failure;

/// The routes of pages and server functions.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/api/fn/{*name}", post(server_function))
        .route("/api/{*rest}", get(no_such_api))
        .route("/", get(home))
        .fallback(get(page))
}

async fn server_function(Backend(backend): Backend, request: Request<Body>) -> Response {
    handle_server_fns_with_context(move || provide_backend(backend.clone()), request).await.into_response()
}

/// Anonymous mode has one project, so that is where everyone begins.
async fn home() -> Redirect {
    Redirect::to(&project_url(&ProjectId::local()))
}

async fn no_such_api() -> Failure {
    crate::problem::problem(
        octobot_wire::ProblemKind::NotFound,
        "There is nothing at this address; /api/openapi.json lists what there is.",
    )
    .into()
}

async fn page(State(web): State<Web>, Backend(backend): Backend, request: Request<Body>) -> Result<Response, Failure> {
    let preferences = backend.projects.preferences(backend.caller).await?;
    let page = Page { assets: web.assets.page.clone(), preferences, dev_reload: web.dev_reload.clone() };
    let dev_reload = web.dev_reload.clone();
    let context = move || {
        provide_backend(backend.clone());
        set_headers(dev_reload.as_deref());
    };
    let render = render_app_async_with_context(context, move || shell(page.clone()));
    Ok(render(request).await)
}

/// What pages and server functions find in their context: one closure for both.
fn provide_backend(backend: Ports) {
    let status: Arc<dyn AnswerStatus> = Arc::new(Status(expect_context::<ResponseOptions>()));
    provide_context(status);
    provide_context(backend);
}

/// Sets the status of the answer that is being made.
struct Status(ResponseOptions);

impl AnswerStatus for Status {
    fn set(&self, status: u16) {
        if let Ok(status) = StatusCode::from_u16(status) {
            self.0.set_status(status);
        }
    }
}

/// A page runs its own scripts only and is framed by nobody. It frames nothing but files of sessions, which say themselves how little
/// they may do.
fn set_headers(dev_reload: Option<&str>) {
    let options = expect_context::<ResponseOptions>();
    let nonce = use_nonce().map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    let reload = dev_reload.map(|origin| format!(" {origin}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{nonce}; style-src 'self'{nonce}; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'{reload}; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    options.insert_header(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    options.insert_header(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    options.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    debug_assert!(use_context::<Ports>().is_some(), "the backend is provided before the headers");
}
