//! What stands between a client's bytes and the HTTP/1 parser: only whole heads that are sound get through, in time.
//!
//! hyper is lenient in what it takes (it drops a `Content-Length` beside `Transfer-Encoding`, and takes bare line feeds).
//! So it never sees such a request: in its place it gets one with the method [`REFUSED`], which the service answers with the
//! reason that is kept here. Nothing that the client sends after that is read.

use std::future::{Future as _, poll_fn};
use std::io;
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::io::poll_read_buf;

use super::framing::{Follower, Sound};
use super::head::Violation;
use super::rewind::Rewind;

/// The method of the request that stands for one that was refused. No client can mean anything by it: it is answered with
/// 400 in any case.
pub const REFUSED: &str = "OCTOBOT-REFUSED";

/// What the parser reads instead.
const STAND_IN: &[u8] = b"OCTOBOT-REFUSED / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";

/// How much of what follows a refused request is read, in bytes.
const MOST_REST: usize = 1 << 20;

/// How much is read before it is known whether it is a request, in bytes.
const MOST_EARLY: usize = 64 << 10;

/// How much is read at once while a head is awaited.
const STEP: usize = 4096;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From the first byte of a head to its last.
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// The longest head in bytes.
    pub longest_head: usize,
}

/// What the guard and the service tell each other.
#[derive(Debug, Clone, Default)]
pub struct Findings(Arc<Mutex<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    violation: Option<Violation>,
    /// How many heads have been passed on whose requests aren't answered.
    waiting: usize,
    upgrade: Upgrade,
    waker: Option<Waker>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Upgrade {
    /// Nothing of the kind is going on.
    #[default]
    None,
    /// The last request asked for it and isn't answered.
    Open,
    /// The protocol has changed: what follows are no requests.
    Done,
}

impl Findings {
    /// Why the last request was refused.
    pub fn violation(&self) -> Option<Violation> {
        self.lock().violation
    }

    /// Says that a request is answered, and whether with another protocol. Until the one that asked for it is, nothing more
    /// is passed on.
    pub fn answer(&self, upgraded: bool) {
        let mut shared = self.lock();
        shared.waiting = shared.waiting.saturating_sub(1);
        if shared.upgrade == Upgrade::Open && shared.waiting == 0 {
            shared.upgrade = if upgraded { Upgrade::Done } else { Upgrade::None };
            if let Some(waker) = shared.waker.take() {
                waker.wake();
            }
        }
    }

    /// Whether a request hasn't been answered.
    fn is_waiting(&self) -> bool {
        self.lock().waiting > 0
    }

    /// Notes that a head is passed on.
    fn pass(&self, upgrades: bool) {
        let mut shared = self.lock();
        shared.waiting += 1;
        if upgrades {
            shared.upgrade = Upgrade::Open;
        }
    }

    /// Whether another protocol was agreed on, once that is known.
    fn poll_upgrade(&self, cx: &Context<'_>) -> Poll<bool> {
        let mut shared = self.lock();
        if shared.upgrade == Upgrade::Open {
            shared.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(shared.upgrade == Upgrade::Done)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The guard.
pub struct Guard {
    stream: Rewind,
    held: BytesMut,
    /// Sound bytes at the front of `held`.
    sound: usize,
    /// What is read instead of a refused request.
    stand_in: Bytes,
    /// How many bytes may follow a refused request before the client is cut off.
    rest: usize,
    follower: Follower,
    findings: Findings,
    patience: Patience,
    timer: Pin<Box<Sleep>>,
    /// Whether the client has taken something since the timer was set.
    wrote: bool,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No byte of the next head is there.
    Idle,
    /// Some are.
    Head,
    /// A body is under way; how long that takes is for the two ends to say.
    Body,
    /// Another protocol was asked for: what follows may be no requests.
    Asked,
    /// A request was refused.
    Refused,
    /// Bytes are no requests.
    Raw,
}

impl Guard {
    /// Guards a stream.
    pub fn new(stream: Rewind, findings: Findings, patience: Patience) -> Self {
        Self {
            stream,
            held: BytesMut::new(),
            sound: 0,
            stand_in: Bytes::new(),
            rest: MOST_REST,
            follower: Follower::new(patience.longest_head),
            findings,
            patience,
            timer: Box::pin(sleep(patience.idle)),
            wrote: false,
            phase: Phase::Idle,
        }
    }

    /// Waits until there is something to read for the parser, or `false` for the end: it takes 16 KiB from its beginning on,
    /// which nobody needs who hasn't sent a head.
    pub async fn begin(&mut self) -> io::Result<bool> {
        poll_fn(|cx| self.poll_requests(cx)).await
    }

    /// Passes sound bytes on.
    fn release(&mut self, out: &mut ReadBuf<'_>) {
        let length = self.sound.min(out.remaining());
        out.put_slice(&self.held[..length]);
        self.held.advance(length);
        self.sound -= length;
        if self.held.is_empty() {
            // An idle connection holds no buffer.
            self.held = BytesMut::new();
        }
    }

    fn enter(&mut self, phase: Phase) {
        if self.phase == phase {
            return;
        }
        self.phase = phase;
        match phase {
            Phase::Idle | Phase::Asked => self.timer.as_mut().reset(Instant::now() + self.patience.idle),
            Phase::Head => self.timer.as_mut().reset(Instant::now() + self.patience.head),
            _ => {}
        }
    }

    fn refuse(&mut self, violation: Violation) {
        self.findings.lock().violation = Some(violation);
        self.held = BytesMut::new();
        self.sound = 0;
        self.stand_in = Bytes::from_static(STAND_IN);
        self.enter(Phase::Refused);
    }

    /// Judges what is held; whether something can be passed on.
    fn judge(&mut self) -> io::Result<bool> {
        match self.follower.look(&self.held) {
            Ok(Sound::Bytes(length)) => {
                let is_head = self.follower.is_between_requests();
                self.follower.pass(&self.held[..length]);
                self.sound = length;
                if is_head {
                    self.findings.pass(self.follower.upgrades());
                    self.enter(if self.follower.upgrades() { Phase::Asked } else { Phase::Body });
                }
                Ok(true)
            }
            Ok(Sound::Any(rest)) => {
                let length = usize::try_from(rest).unwrap_or(usize::MAX).min(self.held.len());
                self.follower.pass(&self.held[..length]);
                self.sound = length;
                Ok(length > 0)
            }
            Ok(Sound::More) => Ok(false),
            Err(violation) if self.follower.is_between_requests() => {
                self.refuse(violation);
                Ok(true)
            }
            // Its head has gone on already, so that there is no request left to answer.
            Err(violation) => Err(io::Error::new(io::ErrorKind::InvalidData, violation)),
        }
    }

    /// Whether a timer has run out. A slow head is answered, an idle connection is just closed.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.phase {
            Phase::Idle | Phase::Asked => loop {
                ready!(self.timer.as_mut().poll(cx));
                // Whose answer is awaited or taken isn't idle. How long a host may take is for others to say.
                let is_answered =
                    mem::take(&mut self.wrote) || (self.phase == Phase::Idle && self.findings.is_waiting());
                if !is_answered {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                self.timer.as_mut().reset(Instant::now() + self.patience.idle);
            },
            Phase::Head => {
                ready!(self.timer.as_mut().poll(cx));
                self.refuse(Violation::Slow);
                Poll::Ready(Ok(()))
            }
            _ => Poll::Pending,
        }
    }

    /// Waits until it is known whether what follows are requests. It is read meanwhile, so that a client that goes is noticed.
    fn poll_asked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Poll::Ready(upgraded) = self.findings.poll_upgrade(cx) {
                self.enter(if upgraded { Phase::Raw } else { Phase::Body });
                return Poll::Ready(Ok(()));
            }
            let more = if self.held.len() < MOST_EARLY { self.poll_more(cx)? } else { Poll::Pending };
            match more {
                Poll::Ready(true) => {}
                Poll::Ready(false) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Poll::Pending => ready!(self.poll_late(cx))?,
            }
        }
    }

    /// Stands a request of its own in for a refused one, and reads what follows.
    fn poll_refused(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.stand_in.is_empty() {
            return self.poll_rest(cx);
        }
        let length = self.stand_in.len().min(out.remaining());
        out.put_slice(&self.stand_in.split_to(length));
        Poll::Ready(Ok(()))
    }

    /// Reads more of requests until some of it is known to be sound, or to be none; `false` at the end of the stream.
    fn poll_requests(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            if !self.held.is_empty() && self.judge()? {
                return Poll::Ready(Ok(true));
            }
            self.enter(match (self.follower.is_between_requests(), self.held.is_empty()) {
                (true, true) => Phase::Idle,
                (true, false) => Phase::Head,
                (false, _) => Phase::Body,
            });
            match self.poll_more(cx)? {
                Poll::Ready(true) => {}
                Poll::Ready(false) if self.held.is_empty() => return Poll::Ready(Ok(false)),
                Poll::Ready(false) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Poll::Pending => {
                    ready!(self.poll_late(cx))?;
                    return Poll::Ready(Ok(true));
                }
            }
        }
    }

    /// Throws away what follows a refused request: with bytes unread, the system would reset the connection, and the client
    /// might not hear why. The parser isn't told of the end, since it would take it for a client that has gone.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.rest > 0 {
            self.held.clear();
            match ready!(self.poll_more(cx)) {
                Ok(true) => self.rest = self.rest.saturating_sub(self.held.len()),
                Ok(false) | Err(_) => self.rest = 0,
            }
        }
        Poll::Pending
    }

    /// Reads more into what is held; `false` at the end of the stream.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if !self.held.is_empty() {
            self.held.reserve(STEP);
            return poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.held).map_ok(|length| length > 0);
        }
        // A connection that waits holds no buffer.
        let mut space = [MaybeUninit::uninit(); STEP];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read))?;
        self.held.extend_from_slice(read.filled());
        Poll::Ready(Ok(!self.held.is_empty()))
    }

    /// A body goes on without a copy if the parser's buffer can't take more than belongs to it.
    fn poll_body(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Option<Poll<io::Result<()>>> {
        let Ok(Sound::Any(rest)) = self.follower.look(&self.held) else { return None };
        if !self.held.is_empty() || rest < out.remaining() as u64 {
            return None;
        }
        let before = out.filled().len();
        Some(Pin::new(&mut self.stream).poll_read(cx, out).map_ok(|()| {
            let passed = &out.filled()[before..];
            if !passed.is_empty() {
                self.follower.pass(passed);
            }
        }))
    }
}

impl AsyncRead for Guard {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let guard = self.get_mut();
        loop {
            if guard.sound > 0 {
                guard.release(out);
                return Poll::Ready(Ok(()));
            }
            match guard.phase {
                Phase::Refused => return guard.poll_refused(cx, out),
                Phase::Asked => ready!(guard.poll_asked(cx))?,
                Phase::Raw if guard.held.is_empty() => return Pin::new(&mut guard.stream).poll_read(cx, out),
                Phase::Raw => guard.sound = guard.held.len(),
                Phase::Idle | Phase::Head | Phase::Body => {
                    if let Some(outcome) = guard.poll_body(cx, out) {
                        return outcome;
                    }
                    if !ready!(guard.poll_requests(cx))? {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl AsyncWrite for Guard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        self.wrote = true;
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices));
        self.wrote = true;
        Poll::Ready(written)
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
