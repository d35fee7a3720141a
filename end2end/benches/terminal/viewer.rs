//! Somebody who looks at a terminal through the server, and says at once what was shown.

use anyhow::{Context as _, Result, bail};
use futures::{SinkExt as _, StreamExt as _};
use memchr::memmem;
use octobot_end2end::Server;
use octobot_wire::terminal::{TerminalNews, TerminalOrder};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

/// What was shown is told after so many bytes, as pages do.
const TELL_AFTER: u64 = 64 * 1024;

/// So much is looked at for a text that is waited for.
const LOOK_BACK: usize = 256;

/// See the module.
pub struct Viewer {
    socket: WebSocketStream<TcpStream>,
    /// The number of the next byte.
    pub next: u64,
    told: u64,
    /// The end of what was printed, since something was last waited for.
    tail: Vec<u8>,
    /// Whether everything is kept.
    pub keep: bool,
    /// What is kept.
    pub kept: Vec<u8>,
}

impl Viewer {
    /// Attaches to a terminal, where its output ends.
    pub async fn attach(server: &Server, path: &str) -> Result<Self> {
        Self::open(server, &format!("{path}/attach")).await
    }

    /// Attaches from a byte on.
    pub async fn attach_after(server: &Server, path: &str, after: u64) -> Result<Self> {
        Self::open(server, &format!("{path}/attach?after={after}")).await
    }

    async fn open(server: &Server, path: &str) -> Result<Self> {
        let origin = server.url("");
        let address = origin.trim_start_matches("http://");
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut request = format!("ws://{address}/api/projects/local{path}").into_client_request()?;
        request.headers_mut().insert("origin", origin.parse()?);
        let (socket, _) = client_async(request, stream).await?;
        Ok(Self { socket, next: 0, told: 0, tail: Vec::new(), keep: false, kept: Vec::new() })
    }

    /// Takes the next message.
    pub async fn message(&mut self) -> Result<()> {
        match self.socket.next().await.context("the terminal is gone")?? {
            Message::Binary(bytes) => {
                self.next += bytes.len() as u64;
                if self.keep {
                    self.kept.extend_from_slice(&bytes);
                }
                let old = self.tail.len().saturating_sub(LOOK_BACK);
                self.tail.drain(..old);
                self.tail.extend_from_slice(&bytes);
                if self.next - self.told >= TELL_AFTER {
                    self.tell().await?;
                }
            }
            Message::Text(text) => match serde_json::from_str(&text)? {
                TerminalNews::Position { offset, .. } => (self.next, self.told) = (offset, offset),
                TerminalNews::Closed => bail!("the terminal was closed"),
                TerminalNews::Terminal { .. } | TerminalNews::Taken { .. } => {}
            },
            _ => {}
        }
        Ok(())
    }

    async fn tell(&mut self) -> Result<()> {
        self.told = self.next;
        self.order(&TerminalOrder::Shown { offset: self.next }).await
    }

    /// Waits until a text is printed.
    pub async fn printed(&mut self, text: &str) -> Result<()> {
        loop {
            if let Some(at) = memmem::find(&self.tail, text.as_bytes()) {
                self.tail.drain(..at + text.len());
                return if self.told < self.next { self.tell().await } else { Ok(()) };
            }
            self.message().await?;
        }
    }

    /// Waits until so many more bytes are printed.
    pub async fn until_bytes(&mut self, count: u64) -> Result<()> {
        let end = self.next + count;
        while self.next < end {
            self.message().await?;
        }
        Ok(())
    }

    /// Types something.
    pub async fn type_in(&mut self, text: &str) -> Result<()> {
        Ok(self.socket.send(Message::Binary(text.to_owned().into())).await?)
    }

    /// Gives an order.
    pub async fn order(&mut self, order: &TerminalOrder) -> Result<()> {
        Ok(self.socket.send(Message::Text(serde_json::to_string(order)?.into())).await?)
    }
}
