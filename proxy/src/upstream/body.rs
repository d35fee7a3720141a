//! Bodies on their way, counted as they pass. Nothing is held back.

use std::future::pending;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, sleep_until};

use super::pool::Pooled;

/// Why a body ends early.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request: the client's, counted.
#[derive(Debug)]
pub struct RequestBody(Option<Sending>);

#[derive(Debug)]
struct Sending {
    body: Incoming,
    tally: Tally,
    pulse: Pulse,
}

/// When something of a request went on its way last.
#[derive(Debug, Clone)]
pub struct Pulse(Arc<Mutex<Instant>>);

impl Pulse {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Something goes on its way now.
    pub fn beat(&self) {
        *self.last() = Instant::now();
    }

    /// Resolves when nothing has gone on its way for so long.
    pub async fn silence(&self, patience: Duration) {
        loop {
            let last = *self.last();
            let Some(end) = last.checked_add(patience) else { return pending().await };
            if Instant::now() >= end {
                return;
            }
            sleep_until(end).await;
        }
    }

    fn last(&self) -> MutexGuard<'_, Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where bytes are counted.
#[derive(Debug, Clone, Default)]
pub struct Tally(pub Arc<AtomicU64>);

impl Tally {
    /// Counts the data of a frame.
    pub fn add(&self, frame: &Frame<Bytes>) {
        if let Some(data) = frame.data_ref() {
            self.0.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
    }
}

impl RequestBody {
    /// Counts a client's body.
    pub fn new(body: Incoming, tally: Tally) -> Self {
        Self(Some(Sending { body, tally, pulse: Pulse::new() }))
    }

    /// No body.
    pub fn empty() -> Self {
        Self(None)
    }

    /// Tells how it goes, if there is anything to go.
    pub fn pulse(&self) -> Option<Pulse> {
        self.0.as_ref().map(|sending| sending.pulse.clone())
    }
}

/// The body of an answer. When it has been read to its end, the connection is kept for the next request.
#[derive(Debug)]
pub struct HostBody {
    body: Incoming,
    pooled: Pooled,
    ended: bool,
}

impl HostBody {
    /// What comes over a connection.
    pub fn new(body: Incoming, pooled: Pooled) -> Self {
        let ended = body.is_end_stream();
        Self { body, pooled, ended }
    }
}

impl Body for HostBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.ended = match &frame {
            None => true,
            Some(Ok(_)) => self.body.is_end_stream(),
            Some(Err(_)) => false,
        };
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for HostBody {
    fn drop(&mut self) {
        if self.ended {
            self.pooled.give_back();
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let Some(sending) = &mut self.0 else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(&mut sending.body).poll_frame(cx));
        sending.pulse.beat();
        if let Some(Ok(frame)) = &frame {
            sending.tally.add(frame);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|sending| sending.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), |sending| sending.body.size_hint())
    }
}
