//! `/api/projects/{project}/events`: everything that happens in a project, as one stream per tab.
//!
//! The stream is resumable by number and has no gaps: what the bus can't give, because the client was away, was slow
//! or the numbers came out of order, is read from the store.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use octobot_wire::event::ProjectEvent;
use octobot_wire::{Problem, ProjectId, SessionId};
use serde::Deserialize;
use tokio::sync::{broadcast, mpsc};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::extract::{Backend, Ids, Parameters, header as header_value};
use super::failure::Failure;
use crate::bus::{Frame, News};
use crate::store::StoreError;

/// How many events are read from the store at a time.
const PAGE: u32 = 500;

/// How many chunks may wait for a client that reads slowly. After that, its events stay in the bus and the store.
const WAITING: usize = 16;

/// How often a silent stream says that it is alive, so that proxies and browsers keep it.
const PING: Duration = Duration::from_secs(15);

/// The routes of this resource.
pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Where to begin and what to leave out.
#[derive(Debug, Deserialize)]
struct Wanted {
    after: Option<u64>,
    session: Option<SessionId>,
}

/// What happens in a project after an event, as server-sent events.
///
/// `id` is the event's number and `data` the event. A client that comes back sends the last number as
/// `Last-Event-ID`. When what follows it is no longer kept, the first event is `reset`.
#[utoipa::path(get, path = "/api/projects/{project}/events", tag = "events", params(
    ("project" = String, Path, description = "The project's id"),
    ("after" = Option<u64>, Query, description = "The number of the last event that the client knows; without it, what happens from now on"),
    ("session" = Option<String>, Query, description = "The session whose transcript is followed; those of other sessions are left out")
), responses(
    (status = 200, description = "A stream of events", body = ProjectEvent, content_type = "text/event-stream"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")
))]
async fn events(
    State(web): State<Web>,
    Backend(backend): Backend,
    Ids(project): Ids<ProjectId>,
    Parameters(wanted): Parameters<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    // Also the check that the caller may see the project.
    let newest = backend.projects.view(backend.caller, &project).await?.as_of;
    let bus = web.core.bus.subscribe(&project);
    let after = header_value(&headers, "last-event-id").or(wanted.after).unwrap_or(newest);
    let (out, body) = mpsc::channel(WAITING);
    let feed = Feed { web: web.clone(), project, session: wanted.session, cursor: after, out };
    tokio::spawn(async move {
        let shutdown = feed.web.shutdown.clone();
        let closed = feed.out.clone();
        tokio::select! {
            () = feed.run(bus) => {}
            () = shutdown.cancelled() => {}
            () = closed.closed() => {}
        }
    });
    let body = Body::from_stream(ReceiverStream::new(body).map(Ok::<_, std::convert::Infallible>));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store, no-transform"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}

/// One client's stream.
struct Feed {
    web: Web,
    project: ProjectId,
    session: Option<SessionId>,
    /// The number of the last event that was sent or left out.
    cursor: u64,
    out: mpsc::Sender<Bytes>,
}

/// The client has gone.
struct Gone;

impl Feed {
    async fn run(mut self, mut bus: broadcast::Receiver<News>) {
        // A first byte at once, so that the client knows that it is connected, and how soon to come back if it is lost.
        let begun = self.send(Bytes::from_static(b"retry: 500\n\n")).await;
        if begun.is_err() || self.catch_up().await.is_err() {
            return;
        }
        loop {
            let sent = match tokio::time::timeout(PING, bus.recv()).await {
                Err(_) => self.send(Bytes::from_static(b": ping\n\n")).await,
                Ok(Ok(news)) => self.tell(news, &mut bus).await,
                Ok(Err(broadcast::error::RecvError::Lagged(_))) => self.catch_up().await,
                Ok(Err(broadcast::error::RecvError::Closed)) => return,
            };
            if sent.is_err() {
                return;
            }
        }
    }

    /// Sends a frame together with those that wait behind it, and looks into the store where one is missing.
    async fn tell(&mut self, first: News, bus: &mut broadcast::Receiver<News>) -> Result<(), Gone> {
        let mut chunk = Vec::new();
        let mut behind = false;
        let mut next = Some(first);
        while let Some(news) = next {
            match news {
                News::Frame(frame) if frame.number == self.cursor + 1 => {
                    self.cursor = frame.number;
                    if self.wants(&frame) {
                        chunk.extend_from_slice(&frame.sse);
                    }
                }
                News::Frame(frame) => behind = frame.number > self.cursor,
                News::UpTo(number) => behind = number > self.cursor,
            }
            if behind {
                break;
            }
            // Lagging shows at the next receive.
            next = bus.try_recv().ok();
        }
        if !chunk.is_empty() {
            self.send(Bytes::from(chunk)).await?;
        }
        if behind { self.catch_up().await } else { Ok(()) }
    }

    /// Sends what the store has after the cursor.
    async fn catch_up(&mut self) -> Result<(), Gone> {
        loop {
            let page = match self.page().await {
                Ok(page) => page,
                Err(error) => {
                    // The client comes back by itself and is told then if the store still fails.
                    tracing::error!(error = &error as &dyn std::error::Error, "events can't be read, so a stream ends");
                    return Err(Gone);
                }
            };
            let full = page.len() == PAGE as usize;
            let mut chunk = Vec::new();
            for frame in page {
                if frame.number != self.cursor + 1 {
                    chunk.extend_from_slice(reset(frame.number - 1).as_bytes());
                }
                self.cursor = frame.number;
                if self.wants(&frame) {
                    chunk.extend_from_slice(&frame.sse);
                }
            }
            if !chunk.is_empty() {
                self.send(Bytes::from(chunk)).await?;
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn page(&mut self) -> Result<Vec<Frame>, StoreError> {
        let mut tx = self.web.core.store.read().await?;
        if self.cursor > tx.last_event(&self.project).await? {
            // A number from another database: everything that the client knows is void.
            self.cursor = 0;
        }
        let page = tx.events_after(&self.project, self.cursor, PAGE).await?;
        Ok(page.iter().map(Frame::new).collect())
    }

    fn wants(&self, frame: &Frame) -> bool {
        frame.transcript_of.is_none() || frame.transcript_of == self.session
    }

    async fn send(&self, chunk: Bytes) -> Result<(), Gone> {
        self.out.send(chunk).await.map_err(|_| Gone)
    }
}

/// The event that tells a client to load its views again.
fn reset(number: u64) -> String {
    format!("id: {number}\ndata: {{\"number\":{number},\"type\":\"reset\"}}\n\n")
}
