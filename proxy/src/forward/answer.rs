//! The body of an answer. It holds the request's record, which is complete when the last byte has gone or the client has.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::log::{Decision, Entry};
use crate::upstream::{BoxError, Pooled, Tally};

/// The body.
pub struct AnswerBody {
    source: Source,
    tally: Tally,
    entry: Option<Entry>,
}

enum Source {
    /// The host, and the connection that is kept when the body has been read.
    Host { body: Incoming, pooled: Pooled, ended: bool },
    /// The proxy itself.
    Proxy(Option<Bytes>),
}

impl AnswerBody {
    /// Passes on what a host sends.
    pub fn of_host(body: Incoming, pooled: Pooled, entry: Entry) -> Self {
        let ended = body.is_end_stream();
        Self { source: Source::Host { body, pooled, ended }, tally: Tally(entry.down()), entry: Some(entry) }
    }

    /// Says something itself.
    pub fn of_proxy(text: String, entry: Entry) -> Self {
        Self { source: Source::Proxy(Some(text.into())), tally: Tally(entry.down()), entry: Some(entry) }
    }

    /// Says nothing.
    pub fn empty() -> Self {
        Self { source: Source::Proxy(None), tally: Tally::default(), entry: None }
    }

    fn fail(&mut self, error: &hyper::Error) {
        if let Some(entry) = &mut self.entry {
            entry.decide(Decision::Fail, &format!("the host ended the answer early: {error}"));
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
        let answer = &mut *self;
        let frame = match &mut answer.source {
            Source::Host { body, ended, .. } => {
                let frame = ready!(Pin::new(&mut *body).poll_frame(cx));
                *ended = frame.is_none() || body.is_end_stream() && matches!(frame, Some(Ok(_)));
                frame
            }
            Source::Proxy(text) => text.take().map(|text| Ok(Frame::data(text))),
        };
        match frame {
            None => Poll::Ready(None),
            Some(Ok(frame)) => {
                answer.tally.add(&frame);
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                answer.fail(&error);
                Poll::Ready(Some(Err(error.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Host { body, .. } => body.is_end_stream(),
            Source::Proxy(text) => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Host { body, .. } => body.size_hint(),
            Source::Proxy(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
        }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        if let Source::Host { pooled, ended: true, .. } = &mut self.source {
            pooled.give_back();
        }
    }
}
