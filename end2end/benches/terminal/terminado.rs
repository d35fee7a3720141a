//! terminado, from the Python package index: terminals over `WebSocket`s, as notebooks have them.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// The server: prints its port, then serves terminals of its own.
const PROGRAM: &str = r#"
import asyncio, tornado.web, tornado.netutil, tornado.httpserver
from terminado import TermSocket, UniqueTermManager
async def main():
    terms = UniqueTermManager(shell_command=["bash", "--norc", "-i"])
    app = tornado.web.Application([(r"/terminal", TermSocket, {"term_manager": terms})])
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    tornado.httpserver.HTTPServer(app).add_sockets(sockets)
    print(sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"#;

/// A server of terminado. Dropping it ends it.
pub struct Terminado {
    _process: Child,
    port: u16,
}

struct Terminal {
    socket: WebSocketStream<TcpStream>,
    tail: String,
}

/// Starts one with the Python that `OCTOBOT_BENCH_TERMINADO` names; none where it names none.
pub async fn start() -> Result<Option<Terminado>> {
    let Some(python) = std::env::var_os("OCTOBOT_BENCH_TERMINADO") else {
        println!("terminado isn't measured: `cargo xtask bench code` installs it");
        return Ok(None);
    };
    let mut process = Command::new(python)
        .args(["-c", PROGRAM])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("terminado couldn't be started")?;
    let output = process.stdout.take().context("standard output is piped")?;
    let port = BufReader::new(output).lines().next_line().await?.context("terminado has ended")?.parse()?;
    Ok(Some(Terminado { _process: process, port }))
}

impl Terminado {
    async fn open(&self) -> Result<Terminal> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(format!("ws://127.0.0.1:{}/terminal", self.port), stream).await?;
        let mut terminal = Terminal { socket, tail: String::new() };
        terminal.type_in("echo rea''dy\r").await?;
        terminal.printed("ready\r\n").await?;
        Ok(terminal)
    }

    /// How long `cat` of a file takes.
    pub async fn flood(&self, file: &Path) -> Result<Duration> {
        let mut terminal = self.open().await?;
        let begun = Instant::now();
        terminal.type_in(&format!("cat {}; echo fl''ooded\r", file.display())).await?;
        terminal.printed("flooded\r\n").await?;
        Ok(begun.elapsed())
    }

    /// How long keys take to be echoed, in milliseconds.
    pub async fn keys(&self, count: usize) -> Result<Vec<f64>> {
        let mut terminal = self.open().await?;
        // Only when a command runs has the shell left the echo to the terminal.
        terminal.type_in("echo re''ady; cat >/dev/null\r").await?;
        terminal.printed("ready\r\n").await?;
        let mut times = Vec::new();
        for number in 0..count {
            let key = char::from(b'a' + u8::try_from(number % 26)?).to_string();
            let begun = Instant::now();
            terminal.type_in(&key).await?;
            terminal.printed(&key).await?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
            if number % 60 == 59 {
                terminal.type_in("\r").await?;
                terminal.printed("\r\n").await?;
            }
        }
        Ok(times)
    }
}

impl Terminal {
    async fn type_in(&mut self, text: &str) -> Result<()> {
        Ok(self.socket.send(Message::Text(json!(["stdin", text]).to_string().into())).await?)
    }

    async fn printed(&mut self, text: &str) -> Result<()> {
        loop {
            if let Some(at) = self.tail.find(text) {
                self.tail.drain(..at + text.len());
                return Ok(());
            }
            let keep = self.tail.ceil_char_boundary(self.tail.len().saturating_sub(256));
            self.tail.drain(..keep);
            let message = self.socket.next().await.context("terminado has gone")??;
            if let Message::Text(text) = message {
                let said: Value = serde_json::from_str(&text)?;
                if said[0] == "stdout" {
                    self.tail.push_str(said[1].as_str().unwrap_or_default());
                }
            }
        }
    }
}
