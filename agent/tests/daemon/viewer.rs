//! Somebody who looks at a terminal: a WebSocket on the daemon's socket.

use futures::{SinkExt as _, StreamExt as _};
use octobot_wire::TerminalId;
use octobot_wire::terminal::{OpenTerminal, ShellState, Terminal, TerminalNews, TerminalOrder, TerminalSize};
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::sandbox::{PATIENCE, Sandbox, TOKEN};

/// The id of the terminal with this number.
pub fn terminal_id(number: u32) -> TerminalId {
    format!("0190163d-0000-7000-8000-{number:012}").parse().unwrap()
}

/// A viewer that shows everything as soon as it has it, unless it is told not to.
pub struct Viewer {
    socket: WebSocketStream<UnixStream>,
    /// What it has got, since it was attached.
    pub bytes: Vec<u8>,
    /// The number of the first of them, once it was told.
    pub from: Option<u64>,
    /// How many bytes it was told are left out.
    pub skipped: u64,
    /// The number of the next byte.
    pub next: u64,
    /// The terminal as it was last told.
    pub terminal: Option<Terminal>,
    /// How much of its input was taken.
    pub taken: u64,
    /// Whether it says what it has shown.
    pub acknowledges: bool,
}

impl Sandbox {
    /// Opens a terminal.
    pub async fn open_terminal(&self, number: u32) -> Terminal {
        let request = OpenTerminal { id: Some(terminal_id(number)), name: None, size: TerminalSize::default() };
        self.ask("POST", "/terminals", &request).await.1
    }

    /// Attaches a viewer.
    pub async fn view(&self, number: u32, after: Option<u64>) -> Viewer {
        self.try_view(number, after).await.unwrap_or_else(|status| panic!("refused with {status}"))
    }

    /// The same, or the status with which it is refused.
    pub async fn try_view(&self, number: u32, after: Option<u64>) -> Result<Viewer, StatusCode> {
        let stream = UnixStream::connect(self.path("socket")).await.unwrap();
        let after = after.map(|after| format!("?after={after}")).unwrap_or_default();
        let url = format!("ws://daemon/terminals/{}/attach{after}", terminal_id(number));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
        match client_async(request, stream).await {
            Ok((socket, _)) => Ok(Viewer::new(socket)),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status()),
            Err(error) => panic!("{error}"),
        }
    }
}

impl Viewer {
    fn new(socket: WebSocketStream<UnixStream>) -> Self {
        let (bytes, from, terminal) = (Vec::new(), None, None);
        Self { socket, bytes, from, skipped: 0, next: 0, terminal, taken: 0, acknowledges: true }
    }

    /// The next message; none when it was disconnected, or the daemon is gone.
    pub async fn next(&mut self) -> Option<Message> {
        let message = timeout(PATIENCE, self.socket.next()).await.expect("something is told")?.ok()?;
        match &message {
            Message::Binary(bytes) => {
                self.bytes.extend_from_slice(bytes);
                self.next += bytes.len() as u64;
                if self.acknowledges {
                    self.order(&TerminalOrder::Shown { offset: self.next }).await;
                }
            }
            Message::Text(text) => match serde_json::from_str(text).unwrap() {
                TerminalNews::Position { offset, skipped, .. } => {
                    self.from.get_or_insert(offset);
                    self.skipped += skipped;
                    self.next = offset;
                }
                TerminalNews::Terminal { terminal } => self.terminal = Some(terminal),
                TerminalNews::Taken { bytes } => self.taken = bytes,
                TerminalNews::Closed => {}
            },
            _ => {}
        }
        Some(message)
    }

    /// Waits until a text was printed that it hasn't waited for before.
    pub async fn printed(&mut self, text: &str) {
        self.until(text, |viewer| {
            let found = viewer.bytes.windows(text.len()).position(|window| window == text.as_bytes())?;
            viewer.bytes.drain(..found + text.len());
            Some(())
        })
        .await;
    }

    /// Waits until the shell does this.
    pub async fn shell_is(&mut self, state: &ShellState) {
        self.until("the shell's state", |viewer| {
            (viewer.terminal.as_ref().is_some_and(|terminal| &terminal.shell == state)).then_some(())
        })
        .await;
    }

    /// Waits for something to become true as messages come.
    pub async fn until<T>(&mut self, what: &str, mut seen: impl FnMut(&mut Self) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(seen) = seen(self) {
                return seen;
            }
            // It is asked every now and then whether it is still there, so that something always comes.
            assert!(begun.elapsed() < PATIENCE, "{what}: never; {}", String::from_utf8_lossy(&self.bytes));
            let has_more = self.next().await.is_some();
            assert!(has_more, "the stream ended before {what:?}: {}", String::from_utf8_lossy(&self.bytes));
        }
    }

    /// Types something.
    pub async fn type_in(&mut self, text: &str) {
        self.send(Message::Binary(text.to_owned().into())).await;
    }

    /// Gives an order.
    pub async fn order(&mut self, order: &TerminalOrder) {
        self.send(Message::Text(serde_json::to_string(order).unwrap().into())).await;
    }

    /// Sends a message; the daemon may have gone.
    pub async fn send(&mut self, message: Message) {
        let _gone = self.socket.send(message).await;
    }

    /// Reads until it is disconnected, and tells the code with which that happened.
    pub async fn farewell(&mut self) -> Option<u16> {
        loop {
            if let Message::Close(frame) = self.next().await? {
                return frame.map(|frame| frame.code.into());
            }
        }
    }
}
