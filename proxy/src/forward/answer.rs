//! The body of an answer. It holds the request's record, which is complete when the last byte has gone or the client has.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::cache::CacheBody;
use crate::log::{Decision, Entry};
use crate::upstream::{BoxError, HostBody, Tally};

/// The body.
pub struct AnswerBody {
    source: Source,
    tally: Tally,
    entry: Option<Entry>,
    /// Shows that the request is under way.
    busy: Option<Arc<()>>,
}

enum Source {
    Host(HostBody),
    Cache(CacheBody),
    /// The proxy itself.
    Proxy(Option<Bytes>),
}

impl AnswerBody {
    /// Passes on what a host sends.
    pub fn of_host(body: HostBody, entry: Entry) -> Self {
        Self { source: Source::Host(body), tally: Tally(entry.down()), entry: Some(entry), busy: None }
    }

    /// Passes on what is kept, or is being kept.
    pub fn of_cache(body: CacheBody, entry: Entry) -> Self {
        Self { source: Source::Cache(body), tally: Tally(entry.down()), entry: Some(entry), busy: None }
    }

    /// Says something itself.
    pub fn of_proxy(text: String, entry: Entry) -> Self {
        Self { source: Source::Proxy(Some(text.into())), tally: Tally(entry.down()), entry: Some(entry), busy: None }
    }

    /// Says nothing.
    pub fn empty() -> Self {
        Self { source: Source::Proxy(None), tally: Tally::default(), entry: None, busy: None }
    }

    /// Holds something until the last byte has gone.
    pub fn hold(&mut self, busy: Arc<()>) {
        self.busy = Some(busy);
    }

    fn fail(&mut self, error: &BoxError) {
        if let Some(entry) = &mut self.entry {
            entry.decide(Decision::Fail, &format!("the answer ended early: {error}"));
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = match &mut self.source {
            Source::Host(body) => ready!(Pin::new(body).poll_frame(cx)).map(|frame| frame.map_err(BoxError::from)),
            Source::Cache(body) => ready!(Pin::new(body).poll_frame(cx)).map(|frame| frame.map_err(BoxError::from)),
            Source::Proxy(text) => text.take().map(|text| Ok(Frame::data(text))),
        };
        match &frame {
            None => {}
            Some(Ok(frame)) => self.tally.add(frame),
            Some(Err(error)) => self.fail(error),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Host(body) => body.is_end_stream(),
            Source::Cache(body) => body.is_end_stream(),
            Source::Proxy(text) => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Host(body) => body.size_hint(),
            Source::Cache(body) => body.size_hint(),
            Source::Proxy(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
        }
    }
}
