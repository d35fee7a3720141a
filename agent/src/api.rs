//! The API of [`octobot_wire::daemon`]: routes. What they do stands elsewhere.

mod blame;
mod branches;
mod changes;
mod code;
mod content;
mod entries;
mod events;
mod files;
mod folder;
mod fork;
mod health;
mod lines;
mod permissions;
mod problem;
mod repository;
mod result;
mod rewinds;
mod search;
mod settings;
mod staging;
mod terminals;
mod token;
mod turns;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{delete, get, patch, post};

use crate::api::problem::ApiError;
pub use crate::api::token::Token;
use crate::driver::TurnsHandle;
use crate::files::Trash;
use crate::git::Workspace;
use crate::log::LogReader;
use crate::terminal::Terminals;

/// A turn is at most so large: a prompt of 10 MB with every character escaped, and some room.
const MAX_TURN: usize = 64 * 1024 * 1024;

/// What routes need.
#[derive(Debug, Clone)]
pub struct Api {
    token: Arc<Token>,
    turns: TurnsHandle,
    log: LogReader,
    workspace: Arc<Workspace>,
    trash: Arc<Trash>,
    terminals: Arc<Terminals>,
}

impl Api {
    /// Puts together what routes need.
    pub fn new(
        token: Token,
        turns: TurnsHandle,
        log: LogReader,
        workspace: Arc<Workspace>,
        trash: Trash,
        terminals: Arc<Terminals>,
    ) -> Self {
        Self { token: Arc::new(token), turns, log, workspace, trash: Arc::new(trash), terminals }
    }

    /// The routes. The token is asked for before anything else, also of who asks for what isn't there.
    pub fn router(self) -> Router {
        Router::new()
            .route("/health", get(health::get))
            .route("/code", post(code::receive).layer(DefaultBodyLimit::disable()))
            .route("/turns", post(turns::deliver).layer(DefaultBodyLimit::max(MAX_TURN)))
            .route("/turns/{id}/proceed", post(turns::proceed))
            .route("/turns/{id}/cancel", post(turns::cancel))
            .route("/turns/{id}/changes", get(rewinds::changes))
            .route("/turns/{id}/rewind", post(rewinds::rewind))
            .route("/rewinds/{number}/undo", post(rewinds::undo))
            .route("/turns/{id}/permissions/{part}", post(permissions::answer))
            .route("/settings", post(settings::change))
            .route("/files", get(files::find))
            .route("/terminals", get(terminals::list).post(terminals::open))
            .route("/terminals/search", get(terminals::search))
            .route("/terminals/{id}", patch(terminals::rename).delete(terminals::close))
            .route("/terminals/{id}/attach", get(terminals::attach))
            .route("/terminals/{id}/output", get(terminals::output))
            .route("/changes", get(changes::get))
            .route("/folder", get(folder::list).put(folder::make))
            .route("/search", get(search::run))
            .route("/content", get(content::read).put(content::write))
            .route("/entries", delete(entries::delete))
            .route("/entries/move", post(entries::move_to))
            .route("/trash/{number}/restore", post(entries::restore))
            .route("/result", get(result::bundle))
            .route("/fork", get(fork::bundle))
            .route("/patch", get(result::patch))
            .route("/repository", get(repository::get))
            .route("/blame", get(blame::read))
            .route("/branches", get(branches::list).post(branches::make))
            .route("/checkout", post(branches::check_out))
            .route("/fetch", post(branches::fetch))
            .route("/log", get(repository::log))
            .route("/commit", post(repository::commit))
            .route("/stage", post(staging::change))
            .route("/discard", post(repository::discard))
            .route("/discard/lines", post(lines::put_back))
            .route("/discard/{number}/undo", post(repository::undo))
            .route("/events", get(events::follow))
            .fallback(|| async { ApiError::new(StatusCode::NOT_FOUND, "there is no such route") })
            .method_not_allowed_fallback(|| async {
                ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "the route takes another method")
            })
            .layer(middleware::from_fn_with_state(self.clone(), token::require))
            .with_state(self)
    }
}
