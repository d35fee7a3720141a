//! A reader of a terminal, over a WebSocket: see [`octobot_wire::terminal`] for what is said.
//!
//! Both directions are looked after at the same time, so that a reader that takes no output can still press Ctrl-C.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use octobot_wire::terminal::{INPUT_WINDOW, OUTPUT_WINDOW, TerminalNews, TerminalOrder};
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep_until, timeout};

use crate::terminal::TerminalError;
use crate::terminal::flow::ReaderId;
use crate::terminal::hub::{Hub, InputKind, View};

/// So many bytes go into one message.
const CHUNK: usize = 64 * 1024;

/// A message of so many bytes is part of a flood, and what comes next is waited for: each message costs whoever passes it on.
const FLOOD: usize = 2 * 1024;

/// Of a flood so many bytes are sent together.
const TOGETHER: u64 = 32 * 1024;

/// For so long they are waited for.
const MOST_WAIT: Duration = Duration::from_millis(2);

/// How often a reader is asked whether it is still there.
const PING: Duration = Duration::from_secs(20);

/// A reader that says nothing for so long has gone.
const SILENCE: Duration = Duration::from_mins(1);

/// How long a reader may take to hear why it is disconnected.
const LAST_WORD: Duration = Duration::from_secs(1);

/// The longest answer of a terminal to a question of its program's, in bytes.
const MAX_REPLY: usize = 4 * 1024;

/// A reader that is about to look at a terminal.
pub struct Attachment {
    hub: Arc<Hub>,
    from: u64,
    skipped: u64,
}

impl Attachment {
    /// A reader from a byte on; without one, from the beginning of what is kept.
    pub fn new(hub: Arc<Hub>, after: Option<u64>) -> Result<Self, TerminalError> {
        let written = hub.scrollback.written();
        match after {
            Some(after) if after > written => Err(TerminalError::PastEnd { after, written }),
            Some(after) if after >= hub.scrollback.first() => Ok(Self { hub, from: after, skipped: 0 }),
            Some(_) | None => {
                let from = hub.scrollback.beginning()?;
                Ok(Self { hub, from, skipped: from - after.unwrap_or(from) })
            }
        }
    }

    /// Attends to the reader until it goes.
    pub async fn attend(self, socket: WebSocket) {
        let Self { hub, from, skipped } = self;
        let id = hub.attach(from);
        let (mut sink, stream) = socket.split();
        let (shown, showing) = watch::channel(from);
        let (taken, taking) = watch::channel(0);
        let (sent, sending) = watch::channel(from);
        let incoming = Incoming { hub: &hub, id, stream, shown, sending, taken: Arc::new(taken), received: 0 };
        let outgoing = Outgoing { hub: &hub, sink: &mut sink, showing, taking, sent, flood_until: None };
        let farewell = tokio::select! {
            farewell = incoming.attend() => farewell,
            farewell = outgoing.attend(from, skipped) => farewell,
        };
        hub.detach(id);
        if let Some((code, reason)) = farewell {
            let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
            // It may have gone, or take nothing any more.
            let _gone = timeout(LAST_WORD, sink.send(Message::Close(Some(frame)))).await;
        }
    }
}

/// Why a reader is disconnected; nothing when it has gone by itself.
type Farewell = Option<(u16, &'static str)>;

/// What a reader says.
struct Incoming<'a> {
    hub: &'a Hub,
    id: ReaderId,
    stream: SplitStream<WebSocket>,
    shown: watch::Sender<u64>,
    sending: watch::Receiver<u64>,
    taken: Arc<watch::Sender<u64>>,
    received: u64,
}

impl Incoming<'_> {
    async fn attend(mut self) -> Farewell {
        loop {
            let Ok(message) = timeout(SILENCE, self.stream.next()).await else {
                return Some((close_code::AWAY, "nothing was heard for a minute"));
            };
            let farewell = match message? {
                Ok(Message::Binary(bytes)) => self.type_in(InputKind::Typed, bytes),
                Ok(Message::Text(text)) => match serde_json::from_str(&text) {
                    Ok(order) => self.obey(order),
                    Err(_) => Some((close_code::POLICY, "that is no order")),
                },
                Ok(Message::Ping(_) | Message::Pong(_)) => None,
                Ok(Message::Close(_)) => return None,
                // Too long, no text where text should be, or no WebSocket at all.
                Err(error) => {
                    tracing::debug!(terminal.id = %self.hub.id, error = %error, "a reader can't be understood");
                    return Some((close_code::PROTOCOL, "that can't be understood"));
                }
            };
            if farewell.is_some() {
                return farewell;
            }
        }
    }

    fn type_in(&mut self, kind: InputKind, bytes: Bytes) -> Farewell {
        self.received += bytes.len() as u64;
        if self.received > *self.taken.borrow() + INPUT_WINDOW {
            return Some((close_code::SIZE, "more input than the program takes; wait until it is taken"));
        }
        if kind == InputKind::Typed {
            self.hub.lead(self.id);
        }
        self.hub.input(kind, bytes, &self.taken);
        None
    }

    fn obey(&mut self, order: TerminalOrder) -> Farewell {
        match order {
            TerminalOrder::Shown { offset } => {
                // It can't have shown what it wasn't sent.
                let offset = offset.min(*self.sending.borrow());
                self.hub.shown(self.id, offset);
                self.shown.send_if_modified(|shown| std::mem::replace(shown, offset.max(*shown)) < offset);
            }
            TerminalOrder::Resize { size } => {
                self.hub.lead(self.id);
                self.hub.resize(size);
            }
            TerminalOrder::Interrupt => self.hub.interrupt(),
            TerminalOrder::Reply { data } if data.len() > MAX_REPLY => {
                return Some((close_code::SIZE, "no terminal answers so much"));
            }
            TerminalOrder::Reply { data } => {
                if self.hub.answers(self.id) {
                    return self.type_in(InputKind::Reply, data.into());
                }
                // The reader counts it as sent.
                let bytes = data.len() as u64;
                self.received += bytes;
                self.taken.send_modify(|taken| *taken += bytes);
            }
            TerminalOrder::Start => self.hub.start(),
        }
        None
    }
}

/// What a reader is told.
struct Outgoing<'a> {
    hub: &'a Hub,
    sink: &'a mut SplitSink<WebSocket, Message>,
    showing: watch::Receiver<u64>,
    taking: watch::Receiver<u64>,
    sent: watch::Sender<u64>,
    /// Until when more of a flood is waited for.
    flood_until: Option<Instant>,
}

impl Outgoing<'_> {
    async fn attend(mut self, from: u64, skipped: u64) -> Farewell {
        match self.tell_all(from, skipped).await {
            Ok(farewell) => farewell,
            Err(error) => {
                tracing::debug!(terminal.id = %self.hub.id, error = %error, "a reader has gone");
                None
            }
        }
    }

    async fn tell_all(&mut self, from: u64, skipped: u64) -> Result<Farewell, axum::Error> {
        let mut written = self.hub.watch_written();
        let mut views = self.hub.watch();
        let mut view = self.tell_view(&mut views).await?;
        self.tell(&TerminalNews::Position { offset: from, skipped, live: self.hub.scrollback.written() }).await?;
        let mut pings = interval(PING);
        pings.reset_at(Instant::now() + PING);
        loop {
            let next = match self.send_output().await {
                Ok(next) => next,
                Err(Trouble::Socket(error)) => return Err(error),
                Err(Trouble::Files(error)) => {
                    tracing::error!(terminal.id = %self.hub.id, error = %error, "a terminal's output can't be read");
                    return Ok(Some((close_code::ERROR, "the terminal's output can't be read")));
                }
            };
            // What is left of a flood is sent before the end is told.
            if view.closed_at.is_some() && next != Next::Flood {
                self.tell(&TerminalNews::Closed).await?;
                return Ok(Some((close_code::NORMAL, "the terminal was closed")));
            }
            tokio::select! {
                Ok(()) = written.changed(), if next != Next::Window => {}
                () = sleep_until(self.flood_until.unwrap_or_else(Instant::now)), if next == Next::Flood => {}
                Ok(()) = self.showing.changed() => {}
                Ok(()) = views.changed() => view = self.tell_view(&mut views).await?,
                Ok(()) = self.taking.changed() => {
                    let bytes = *self.taking.borrow_and_update();
                    self.tell(&TerminalNews::Taken { bytes }).await?;
                }
                _ = pings.tick() => self.sink.send(Message::Ping(Bytes::new())).await?,
            }
        }
    }

    async fn tell_view(&mut self, views: &mut watch::Receiver<View>) -> Result<View, axum::Error> {
        let view = views.borrow_and_update().clone();
        self.tell(&TerminalNews::Terminal { terminal: self.hub.to_wire() }).await?;
        Ok(view)
    }

    /// Sends what is there, as far as the window reaches. Tells what to wait for.
    async fn send_output(&mut self) -> Result<Next, Trouble> {
        loop {
            let sent = *self.sent.borrow();
            let first = self.hub.scrollback.first();
            if sent < first {
                self.skip(sent).await?;
                continue;
            }
            let written = self.hub.scrollback.written();
            let end = (*self.showing.borrow_and_update() + OUTPUT_WINDOW).min(written);
            if sent >= end {
                return Ok(if sent >= written { Next::Output } else { Next::Window });
            }
            // Where the window is what ends it, nothing more would come.
            if end == written && end - sent < TOGETHER && self.flood_until.is_some_and(|until| Instant::now() < until) {
                return Ok(Next::Flood);
            }
            let most = usize::try_from(end - sent).unwrap_or(usize::MAX).min(CHUNK);
            let bytes = self.hub.scrollback.read(sent, most).map_err(Trouble::Files)?;
            self.sent.send_replace(sent + bytes.len() as u64);
            self.flood_until = (bytes.len() >= FLOOD).then(|| Instant::now() + MOST_WAIT);
            self.sink.send(Message::Binary(bytes.into())).await.map_err(Trouble::Socket)?;
        }
    }

    /// The reader was so far behind that what it wants isn't kept any more.
    async fn skip(&mut self, sent: u64) -> Result<(), Trouble> {
        let offset = self.hub.scrollback.beginning().map_err(Trouble::Files)?;
        self.sent.send_replace(offset);
        let live = self.hub.scrollback.written();
        self.tell(&TerminalNews::Position { offset, skipped: offset - sent, live }).await.map_err(Trouble::Socket)
    }

    async fn tell(&mut self, news: &TerminalNews) -> Result<(), axum::Error> {
        let json = serde_json::to_string(news).expect("news are plain data");
        self.sink.send(Message::Text(json.into())).await
    }
}

/// What is waited for before anything is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Output.
    Output,
    /// More output, or the end of the wait for it.
    Flood,
    /// A reader that has shown more.
    Window,
}

/// Why nothing can be sent.
enum Trouble {
    Socket(axum::Error),
    Files(std::io::Error),
}
