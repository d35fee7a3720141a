//! Upstream's body, in batches: each trip to the disk takes along what has come meanwhile.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use http_body::{Body, Frame};

use super::body::BoxError;

/// How long upstream may send nothing before the fetch is given up.
const UPSTREAM_PATIENCE: Duration = Duration::from_mins(2);
/// How much is written at once, in bytes, if that much has come.
const BATCH_BYTES: usize = 512 * 1024;

/// What has come of a body.
#[derive(Debug)]
pub(super) enum Batch {
    /// Some of it; never nothing.
    Pieces(Vec<Bytes>),
    /// All of it had come before.
    End,
    /// Upstream broke off.
    Broken,
}

/// Upstream's body.
pub(super) struct Source<B> {
    body: Pin<Box<B>>,
    /// How it ended, when that came with the last batch.
    over: Option<Batch>,
}

impl<B> Source<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    /// A body from its beginning.
    pub fn new(body: Pin<Box<B>>) -> Self {
        Self { body, over: None }
    }

    /// Waits for the next piece, and takes those that are there already. Trailers are left out. Nothing is lost when the
    /// wait is given up.
    pub async fn next(&mut self) -> Batch {
        if let Some(over) = self.over.take() {
            return over;
        }
        let mut pieces = Vec::new();
        let mut bytes = 0;
        while bytes < BATCH_BYTES {
            let frame = std::future::poll_fn(|cx| self.body.as_mut().poll_frame(cx));
            let frame = if pieces.is_empty() {
                let Ok(frame) = tokio::time::timeout(UPSTREAM_PATIENCE, frame).await else { return Batch::Broken };
                frame
            } else {
                let Some(frame) = frame.now_or_never() else { break };
                frame
            };
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(piece))) if !piece.is_empty() => {
                    bytes += piece.len();
                    pieces.push(piece);
                }
                Some(Ok(_)) => {}
                over => {
                    let over = if over.is_none() { Batch::End } else { Batch::Broken };
                    if pieces.is_empty() {
                        return over;
                    }
                    self.over = Some(over);
                    break;
                }
            }
        }
        Batch::Pieces(pieces)
    }
}
