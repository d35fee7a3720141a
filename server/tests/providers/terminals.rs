//! That terminals work where the provider put the agent daemon.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue};
use hyper_util::rt::TokioIo;
use octobot_server::sandbox::DaemonClient;
use octobot_wire::TerminalId;
use octobot_wire::terminal::{OpenTerminal, ShellState, TerminalSize};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use uuid::Uuid;

use super::bench::{Bench, remove, session, start};

/// Far more than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

type Viewer = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

async fn attach(client: &DaemonClient, id: TerminalId) -> Viewer {
    let mut handshake = HeaderMap::new();
    handshake.insert("sec-websocket-key", HeaderValue::from_str(&generate_key()).unwrap());
    handshake.insert("sec-websocket-version", HeaderValue::from_static("13"));
    let attached = client.attach_terminal(id, None, &handshake).await.unwrap();
    WebSocketStream::from_raw_socket(TokioIo::new(attached.stream), Role::Client, None).await
}

async fn printed(viewer: &mut Viewer, text: &str) {
    let mut all = String::new();
    while !all.contains(text) {
        let message = timeout(PATIENCE, viewer.next()).await;
        let message = message.unwrap_or_else(|_| panic!("{text:?} isn't printed: {all}")).unwrap().unwrap();
        if let Message::Binary(bytes) = message {
            all.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}

pub async fn a_shell_in_a_terminal_is_the_sandboxs_users_and_is_restored_with_its_output(bench: &dyn Bench) {
    let session = session();
    let client = start(bench, session).await;
    let id = TerminalId::new(Uuid::from_u128(7));
    let request = OpenTerminal { id: Some(id), name: None, size: TerminalSize { columns: 100, rows: 30 } };
    assert_eq!(client.open_terminal(&request).await.unwrap().shell, ShellState::Running);
    let mut viewer = attach(&client, id).await;
    viewer.send(Message::Binary("stty size; echo $(id -un):$PWD:$(ps -o tty= $$ | tr -d ' ')\r".into())).await.unwrap();
    printed(&mut viewer, "30 100\r\noctobot:/home/octobot/workspace:pts/").await;

    bench.provider().stop(session).await.unwrap();
    let client = start(bench, session).await;
    let restored = client.terminals().await.unwrap();
    assert_eq!(restored.iter().map(|known| (known.id, &known.shell)).collect::<Vec<_>>(), [(id, &ShellState::Lost)]);
    printed(&mut attach(&client, id).await, "30 100\r\noctobot:/home/octobot/workspace:pts/").await;
    assert_eq!(client.search_terminals("OCTOBOT:/home").await.unwrap().lines.len(), 1);
    client.close_terminal(id).await.unwrap();
    assert!(client.terminals().await.unwrap().is_empty());
    remove(bench, session).await;
}
