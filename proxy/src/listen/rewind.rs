//! A stream whose first bytes have been looked at, and are read again by whoever comes next.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::tls::Ahead;

/// A client's connection, or what is within one.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// Has the connection reset when it is dropped, so that the client hears at once that it is refused.
    fn abort(&self);
}

/// Has the system ask a silent peer whether it is still there, so that one that has gone without a word is noticed.
pub fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    let questions = TcpKeepalive::new().with_time(SILENCE).with_interval(SILENCE / 4).with_retries(4);
    SockRef::from(stream).set_tcp_keepalive(&questions)
}

impl Stream for TcpStream {
    fn abort(&self) {
        // Without it, the connection is closed in the ordinary way.
        let _ = SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}

impl Stream for TlsStream<Ahead<Rewind>> {
    fn abort(&self) {
        self.get_ref().0.get_ref().abort();
    }
}

/// After this long without a byte, a peer is asked whether it is still there.
const SILENCE: Duration = Duration::from_mins(1);

/// How much is read at once while it is looked at.
const STEP: usize = 2048;

/// The stream.
pub struct Rewind {
    seen: BytesMut,
    stream: Box<dyn Stream>,
}

impl Rewind {
    /// A stream of which nothing has been read.
    pub fn new(stream: impl Stream + 'static) -> Self {
        Self { seen: BytesMut::new(), stream: Box::new(stream) }
    }

    /// The bytes that have been looked at.
    pub fn seen(&self) -> &[u8] {
        &self.seen
    }

    /// Takes bytes off the front of what has been looked at.
    pub fn consume(&mut self, length: usize) {
        self.seen.advance(length);
    }

    /// Has the connection reset when it is dropped.
    pub fn abort(&self) {
        self.stream.abort();
    }

    /// Looks at more; 0 at the end of the stream.
    pub async fn look(&mut self) -> io::Result<usize> {
        self.seen.reserve(STEP);
        self.stream.read_buf(&mut self.seen).await
    }
}

impl AsyncRead for Rewind {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.seen.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, out);
        }
        let length = self.seen.len().min(out.remaining());
        out.put_slice(&self.seen[..length]);
        self.seen.advance(length);
        if self.seen.is_empty() {
            self.seen = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewind {
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
