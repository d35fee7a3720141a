//! A stream that is read further ahead while much comes. rustls reads 4 KiB when it holds nothing, and never more than to the end of
//! a record: four calls into the system for 16 KiB, and as many chances to wait for the next packet.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

/// How much is read at once while much comes: four whole records, as many as rustls writes at once.
const AHEAD: usize = 64 * 1024;

/// The stream.
pub struct Ahead<S> {
    stream: S,
    /// What was read and isn't taken yet. There is memory for it only while something is in it.
    read: Vec<u8>,
    taken: usize,
    /// Whether the last read brought as much as there was room for, so that more is likely to wait.
    is_flowing: bool,
}

impl<S> Ahead<S> {
    /// A stream of which nothing is read ahead.
    pub fn new(stream: S) -> Self {
        Self { stream, read: Vec::new(), taken: 0, is_flowing: false }
    }

    /// The stream itself.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }
}

impl<S: AsyncRead + Unpin> Ahead<S> {
    /// Reads right to where it is wanted, or ahead if that is more.
    fn poll_more(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (before, room) = (out.filled().len(), out.remaining());
        if !self.is_flowing || room >= AHEAD {
            ready!(Pin::new(&mut self.stream).poll_read(cx, out))?;
            self.is_flowing = out.filled().len() - before == room;
            return Poll::Ready(Ok(()));
        }
        let mut read = Vec::with_capacity(AHEAD);
        let length = ready!(poll_read_buf(Pin::new(&mut self.stream), cx, &mut read))?;
        self.is_flowing = length > room;
        self.read = read;
        self.taken = 0;
        self.take(out);
        Poll::Ready(Ok(()))
    }

    /// Hands out what was read ahead.
    fn take(&mut self, out: &mut ReadBuf<'_>) {
        let left = &self.read[self.taken..];
        let length = left.len().min(out.remaining());
        out.put_slice(&left[..length]);
        self.taken += length;
        if self.taken == self.read.len() {
            self.read = Vec::new();
            self.taken = 0;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Ahead<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if out.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if self.read.is_empty() {
            return self.poll_more(cx, out);
        }
        self.take(out);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Ahead<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // One record, as most are: the system has a shorter way for it.
        if let [slice] = slices {
            return Pin::new(&mut self.stream).poll_write(cx, slice);
        }
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn what_is_read_ahead_is_handed_out_whole_and_in_order() {
        let (mut writer, reader) = duplex(100 * 1024);
        let mut ahead = Ahead::new(reader);
        let sent: Vec<u8> = (0..3 * AHEAD + 77).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let expected = sent.clone();
        let writing = tokio::spawn(async move { writer.write_all(&sent).await });
        let (mut got, mut piece) = (Vec::new(), vec![0; 4096]);
        loop {
            let length = ahead.read(&mut piece).await.unwrap();
            if length == 0 {
                break;
            }
            got.extend_from_slice(&piece[..length]);
        }
        writing.await.unwrap().unwrap();
        assert!(got == expected);
    }

    #[tokio::test]
    async fn memory_is_taken_for_what_flows_and_given_back_after_it() {
        let (mut writer, reader) = duplex(AHEAD);
        let mut ahead = Ahead::new(reader);
        let mut piece = [0; 100];
        writer.write_all(&[1; 40]).await.unwrap();
        assert_eq!(ahead.read(&mut piece).await.unwrap(), 40);
        assert!(!ahead.is_flowing && ahead.read.capacity() == 0);
        writer.write_all(&[2; 350]).await.unwrap();
        for expected in [100, 100, 100, 50] {
            assert_eq!(ahead.read(&mut piece).await.unwrap(), expected);
        }
        assert_eq!(ahead.read.capacity(), 0);
        // Nothing waits: neither is memory for it kept.
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(10), ahead.read(&mut piece)).await;
        assert!(waiting.is_err() && ahead.read.capacity() == 0);
    }
}
