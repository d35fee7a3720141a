//! Bytes both ways, until one side ends it, nothing comes for too long, or it is allowed no more.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional_with_sizes};
use tokio::time::{Instant, sleep_until};

use crate::policy::Denial;

/// How much is read at once.
const STEP: usize = 16 * 1024;

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// By both sides.
    Closed,
    /// By an error on one of them.
    Broken,
    /// By silence.
    Idle,
    /// By the policy, which has changed.
    Denied(Denial),
}

/// Passes bytes on between a client and a host until they are denied, and counts those that come from each.
pub async fn relay(
    client: impl AsyncRead + AsyncWrite + Unpin,
    host: impl AsyncRead + AsyncWrite + Unpin,
    up: Arc<AtomicU64>,
    down: Arc<AtomicU64>,
    idle: Duration,
    denied: impl Future<Output = Denial>,
) -> Ended {
    let mut client = Counted { stream: client, read: Arc::clone(&up) };
    let mut host = Counted { stream: host, read: Arc::clone(&down) };
    let copy = copy_bidirectional_with_sizes(&mut client, &mut host, STEP, STEP);
    tokio::pin!(copy, denied);
    let total = || up.load(Ordering::Relaxed) + down.load(Ordering::Relaxed);
    loop {
        let before = total();
        tokio::select! {
            outcome = &mut copy => return if outcome.is_ok() { Ended::Closed } else { Ended::Broken },
            denial = &mut denied => return Ended::Denied(denial),
            () = sleep_until(Instant::now() + idle) => {
                if total() == before {
                    return Ended::Idle;
                }
            }
        }
    }
}

struct Counted<S> {
    stream: S,
    read: Arc<AtomicU64>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, out))?;
        self.read.fetch_add((out.filled().len() - before) as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
