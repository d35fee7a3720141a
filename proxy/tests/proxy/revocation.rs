//! What is open when the policy changes.

use futures::{SinkExt as _, StreamExt as _};
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::fixture::{Fixture, PATIENCE, TOKEN, config, connector, read_head};
use crate::origin::Origin;

async fn change(proxy: &Fixture, patch: Value) {
    let (status, answer) = proxy.ask("PATCH", "/api/config", Some(TOKEN), &patch).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_ends_when_its_host_is_denied() {
    let origin = Origin::start().await;
    for denial in [
        json!({ "allowlist": { "deny": { "domains": ["pinned.test"] } } }),
        json!({ "workspaces": [{ "domains": ["api.test"] }] }),
        // Its requests are to be judged from now on, and in a tunnel nobody can.
        json!({ "allowlist": { "exempt": [] } }),
    ] {
        let proxy = Fixture::start(&config(&origin, ""));
        let (stream, _) = proxy.tunnel("pinned.test:443").await;
        let connector = connector(origin.ca_pem().as_bytes(), &[b"http/1.1"]);
        let mut tls = connector.connect(ServerName::try_from("pinned.test").unwrap(), stream).await.unwrap();
        // The control: another change leaves it alone.
        change(&proxy, json!({ "allowlist": { "deny": { "domains": ["denied.sub.test"] } }, "phase": "setup" })).await;
        tls.write_all(b"GET /events HTTP/1.1\r\nHost: pinned.test\r\n\r\n").await.unwrap();
        assert!(read_head(&mut tls).await.starts_with("HTTP/1.1 200"));
        change(&proxy, denial.clone()).await;
        let ended = timeout(PATIENCE, tls.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "{denial}");
        let record = proxy.record(|record| record["host"] == "pinned.test").await;
        assert_eq!(record["decision"], "deny", "{record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_ends_when_its_request_is_denied() {
    let origin = Origin::start().await;
    for denial in [
        json!({ "allowlist": { "deny": { "domains": ["api.test"] } } }),
        json!({ "workspaces": [{ "domains": [{ "host": "api.test", "paths": ["/other"] }] }] }),
    ] {
        let proxy = Fixture::start(&config(&origin, ""));
        let tls = proxy.tls("api.test:443", "api.test", &[b"http/1.1"]).await.unwrap();
        let (mut socket, _) = tokio_tungstenite::client_async("wss://api.test/socket", tls).await.unwrap();
        // The control: other rules, by which this request is still allowed.
        change(&proxy, json!({ "workspaces": [{ "domains": [{ "host": "api.test", "paths": ["/socket"] }] }] })).await;
        socket.send(Message::text("hello")).await.unwrap();
        let answer = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(answer.into_text().unwrap().as_str(), "hello");
        change(&proxy, denial.clone()).await;
        let ended = timeout(PATIENCE, async { while let Some(Ok(_)) = socket.next().await {} }).await;
        assert!(ended.is_ok(), "{denial}");
        let record = proxy.record(|record| record["status"] == 101).await;
        assert_eq!(record["decision"], "deny", "{record}");
    }
}
