//! What stands between a client's bytes and the HTTP/2 parser: heads come in time, or the connection ends. The parser itself
//! waits for ever, for the preface as for the rest of a head.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::frames::Frames;
use super::rewind::Rewind;

/// The stream.
pub struct Prompt {
    stream: Rewind,
    frames: Frames,
    patience: Duration,
    timer: Pin<Box<Sleep>>,
    /// What the timer is for.
    timed: Option<u64>,
}

impl Prompt {
    /// A stream of which nothing has been read. A head may take `patience`, from its first byte to its last.
    pub fn new(stream: Rewind, patience: Duration) -> Self {
        let frames = Frames::new();
        let timed = frames.hurry();
        Self { stream, frames, patience, timer: Box::pin(sleep(patience)), timed }
    }

    /// Whether what the client has begun takes too long.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        self.timed.is_some() && self.timer.as_mut().poll(cx).is_ready()
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.frames.pass(bytes);
        let hurry = self.frames.hurry();
        if hurry.is_some() && hurry != self.timed {
            self.timer.as_mut().reset(Instant::now() + self.patience);
        }
        self.timed = hurry;
    }
}

impl AsyncRead for Prompt {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_late(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = out.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, out);
        self.pass(&out.filled()[before..]);
        outcome
    }
}

impl AsyncWrite for Prompt {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
