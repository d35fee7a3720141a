//! The body of a response that went through the cache.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http_body::{Body, Frame, SizeHint};

/// An error of somebody else's body.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a body ended before its end. What was sent of it is right; the client sees that something is missing.
#[derive(Debug, thiserror::Error)]
pub enum CacheBodyError {
    /// Upstream broke off.
    #[error("upstream broke off: {0}")]
    Upstream(#[source] BoxError),
    /// Upstream ended the body before, or went on after, the length that it had said, or sent something else than the
    /// digest names.
    #[error("upstream didn't send what was asked for")]
    Wrong,
    /// Who fetched it for several requests couldn't go on.
    #[error("the fetch that this response follows broke off")]
    Abandoned,
    /// The kept bytes aren't any more what was written.
    #[error("the cached bytes were altered on the disk")]
    Corrupt,
    /// The system refuses to read.
    #[error("the cached bytes can't be read")]
    Io(#[source] std::io::Error),
}

/// The pieces of a body.
pub(super) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, CacheBodyError>> + Send>>;

/// The body of a response that went through the cache.
pub struct CacheBody(Kind);

enum Kind {
    /// Nothing, or nothing more.
    Empty,
    /// All of it at once.
    Once(Bytes),
    /// Piece by piece; how many bytes are left.
    Pieces(Pieces, u64),
    /// Upstream's, with which the cache has nothing to do.
    Passing(Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>),
}

impl CacheBody {
    pub(super) fn empty() -> Self {
        Self(Kind::Empty)
    }

    pub(super) fn once(bytes: Bytes) -> Self {
        Self(if bytes.is_empty() { Kind::Empty } else { Kind::Once(bytes) })
    }

    pub(super) fn pieces(pieces: Pieces, length: u64) -> Self {
        Self(Kind::Pieces(pieces, length))
    }

    pub(super) fn passing<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Kind::Passing(Box::pin(Boxed(Box::pin(body)))))
    }
}

impl Body for CacheBody {
    type Data = Bytes;
    type Error = CacheBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CacheBodyError>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Once(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Kind::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Kind::Pieces(pieces, left) => match ready!(pieces.poll_next_unpin(cx)) {
                Some(Ok(bytes)) => {
                    *left = left.saturating_sub(bytes.len() as u64);
                    if *left == 0 {
                        self.0 = Kind::Empty;
                    }
                    Poll::Ready(Some(Ok(Frame::data(bytes))))
                }
                other => {
                    self.0 = Kind::Empty;
                    Poll::Ready(other.map(|error| error.map(Frame::data)))
                }
            },
            Kind::Passing(body) => body.as_mut().poll_frame(cx).map_err(CacheBodyError::Upstream),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Once(_) | Kind::Pieces(..) => false,
            Kind::Passing(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Once(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Pieces(_, left) => SizeHint::with_exact(*left),
            Kind::Passing(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for CacheBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Empty => "CacheBody::Empty",
            Kind::Once(_) => "CacheBody::Once",
            Kind::Pieces(..) => "CacheBody::Pieces",
            Kind::Passing(_) => "CacheBody::Passing",
        })
    }
}

/// A body with its error in a box.
struct Boxed<B>(Pin<Box<B>>);

impl<B> Body for Boxed<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0.as_mut().poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
