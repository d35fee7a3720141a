//! The REST API's routes in one place, and the OpenAPI document that is generated from them.

use axum::body::Bytes;
use axum::http::header;
use axum::routing::{MethodRouter, get};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::{
    Web, agents, attachments, branches, chat, code, credentials, editing, events, files, network, preferences,
    projects, pull_requests, repository, sessions, terminals, traffic, turns, workspaces,
};

#[derive(OpenApi)]
#[openapi(info(
    title = "Octobot",
    description = "Everything that the pages can do, for programs. Times are milliseconds since the Unix epoch. Every failure is a problem (RFC 9457)."
))]
struct Document;

/// Every route of the API with its description.
pub(super) fn api() -> OpenApiRouter<Web> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(projects::routes())
        .merge(workspaces::routes())
        .merge(agents::routes())
        .merge(credentials::routes())
        .merge(network::routes())
        .merge(sessions::routes())
        .merge(traffic::routes())
        .merge(terminals::routes())
        .merge(turns::routes())
        .merge(chat::routes())
        .merge(code::routes())
        .merge(editing::routes())
        .merge(repository::routes())
        .merge(branches::routes())
        .merge(pull_requests::routes())
        .merge(files::routes())
        .merge(attachments::routes())
        .merge(events::routes())
        .merge(preferences::routes())
}

/// Serves the document, which was made once.
pub(super) fn serve(document: &utoipa::openapi::OpenApi) -> MethodRouter<Web> {
    let json = Bytes::from(document.to_json().expect("a generated document is valid JSON"));
    get(move || {
        let json = json.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], json) }
    })
}
