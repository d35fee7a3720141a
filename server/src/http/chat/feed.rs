//! One client's stream: looks at its turn whenever the session tells of something, and sends what is told of it.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use octobot_app::ports::Caller;
use octobot_wire::{ProjectId, SessionId};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::chunk::Chunk;
use super::telling::{Telling, Told};
use crate::bus::News;
use crate::http::Web;
use crate::services::{NewsCursor, ServiceError};

/// How many pieces may wait for a client that reads slowly. After that its turn stays in the store.
const WAITING: usize = 16;

/// How often a silent stream says that it is alive, so that proxies and browsers keep it.
const PING: Duration = Duration::from_secs(15);

/// Whose stream it is.
#[derive(Clone)]
pub(super) struct Audience {
    /// Who asked for it.
    pub(super) caller: Caller,
    /// The project.
    pub(super) project: ProjectId,
    /// The session.
    pub(super) session: SessionId,
}

/// One client's stream.
struct Feed {
    web: Web,
    audience: Audience,
    telling: Telling,
    cursor: NewsCursor,
    out: mpsc::Sender<io::Result<Bytes>>,
}

/// Why a stream ends before its message does.
#[derive(Debug, thiserror::Error)]
enum Broken {
    /// The client has gone.
    #[error("the client has gone")]
    Gone,
    /// The server shuts down.
    #[error("the server shuts down")]
    Shutdown,
    /// The turn can't be read.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// The answer that streams a turn.
pub(super) fn stream(web: Web, audience: Audience, telling: Telling) -> Response {
    // Before the turn is read for the first time, so that nothing falls in between.
    let bus = web.core.bus.subscribe(&audience.project);
    let (out, body) = mpsc::channel(WAITING);
    let feed = Feed { web, audience, telling, cursor: NewsCursor::default(), out };
    tokio::spawn(feed.run(bus));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store, no-transform"),
        (HeaderName::from_static("x-vercel-ai-ui-message-stream"), "v1"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(ReceiverStream::new(body))).into_response()
}

impl Feed {
    async fn run(mut self, bus: broadcast::Receiver<News>) {
        let shutdown = self.web.shutdown.clone();
        let out = self.out.clone();
        let broken = tokio::select! {
            told = self.tell_all(bus) => told.err(),
            () = shutdown.cancelled() => Some(Broken::Shutdown),
            () = out.closed() => Some(Broken::Gone),
        };
        match broken {
            None | Some(Broken::Gone) => return,
            Some(Broken::Shutdown) => {}
            Some(Broken::Service(error)) => {
                let (session, turn) = (self.audience.session, self.telling.turn());
                tracing::warn!(session.id = %session, turn.id = %turn, error = &error as &dyn std::error::Error, "turn {turn} can't be told on");
            }
        }
        // An end without an error would look as if the message were whole. The client may well be gone.
        let _ = out.send(Err(io::ErrorKind::ConnectionAborted.into())).await;
    }

    /// Tells the turn to its end.
    async fn tell_all(&mut self, mut bus: broadcast::Receiver<News>) -> Result<(), Broken> {
        let mut ping = tokio::time::interval(PING);
        while !self.tell_news().await? {
            loop {
                tokio::select! {
                    news = bus.recv() => if self.concerns(news)? { break },
                    _ = ping.tick() => self.send(b": ping\n\n".to_vec()).await?,
                }
            }
            // Whatever else has happened is found by the same look.
            while !matches!(bus.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
        }
        Ok(())
    }

    /// Whether the turn has to be looked at.
    fn concerns(&self, news: Result<News, RecvError>) -> Result<bool, Broken> {
        match news {
            // An event of no transcript may be that the session is gone.
            Ok(News::Frame(frame)) => Ok(frame.transcript_of.is_none_or(|session| session == self.audience.session)),
            Ok(News::UpTo(_)) | Err(RecvError::Lagged(_)) => Ok(true),
            Err(RecvError::Closed) => Err(Broken::Shutdown),
        }
    }

    /// Tells what is new, and says whether that was the last of it.
    async fn tell_news(&mut self) -> Result<bool, Broken> {
        loop {
            let Audience { caller, project, session } = &self.audience;
            let turn = self.telling.turn();
            let sessions = &self.web.services.sessions;
            let news = sessions.turn_news(*caller, project, *session, turn, &mut self.cursor).await?;
            let told = match &news {
                Some(news) => self.telling.tell(news),
                None => Told::Last(self.telling.tell_deleted()),
            };
            match told {
                Told::More(chunks) => {
                    self.send_chunks(&chunks, "").await?;
                    return Ok(false);
                }
                Told::Last(chunks) => {
                    self.send_chunks(&chunks, "data: [DONE]\n\n").await?;
                    return Ok(true);
                }
                Told::Again => {
                    self.telling.start_over();
                    self.cursor = NewsCursor::default();
                }
            }
        }
    }

    async fn send_chunks(&self, chunks: &[Chunk], end: &str) -> Result<(), Broken> {
        let mut piece = Vec::new();
        for chunk in chunks {
            chunk.push_to(&mut piece);
        }
        piece.extend_from_slice(end.as_bytes());
        if piece.is_empty() { Ok(()) } else { self.send(piece).await }
    }

    async fn send(&self, piece: Vec<u8>) -> Result<(), Broken> {
        self.out.send(Ok(Bytes::from(piece))).await.map_err(|_| Broken::Gone)
    }
}
