//! Requests that ask for another protocol: only a WebSocket comes of them, and nothing is left behind by what doesn't.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::fixture::{Fixture, PATIENCE, config, exchange, read_head, until};
use crate::origin::Origin;

/// The key of RFC 6455, section 1.3, and what it is answered with.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A host that answers each connection's first request with the same bytes, and keeps what it reads.
async fn stubborn(answer: String) -> (SocketAddr, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::new(Mutex::new(String::new()));
    let record = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (answer, record) = (answer.clone(), Arc::clone(&record));
            tokio::spawn(async move {
                let request = read_head(&mut stream).await;
                record.lock().unwrap().push_str(&request);
                let _ = stream.write_all(answer.as_bytes()).await;
                let mut bytes = [0; 1024];
                while let Ok(length @ 1..) = stream.read(&mut bytes).await {
                    record.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..length]));
                }
            });
        }
    });
    (address, heard)
}

fn switching(fields: &str) -> String {
    format!("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n{fields}\r\n")
}

fn asking(fields: &str) -> String {
    format!("GET http://limited.test/open/x HTTP/1.1\r\nHost: limited.test\r\nConnection: upgrade\r\n{fields}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_protocol_than_websocket_gets_past_the_rules() {
    let origin = Origin::start().await;
    let websocket = format!("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n");
    let agreed = format!("Upgrade: websocket\r\nSec-WebSocket-Accept: {ACCEPT}\r\n");
    for (name, asked, answered) in [
        ("two headers", format!("Upgrade: h2c\r\n{websocket}"), agreed.clone()),
        ("a list", websocket.replace("websocket", "h2c, websocket"), agreed.clone()),
        ("another one", websocket.replace("websocket", "h2c"), agreed.clone()),
        ("a version", websocket.replace("websocket", "websocket/x"), agreed.clone()),
        ("no key", "Upgrade: websocket\r\n".to_owned(), agreed.clone()),
        ("another answer", websocket.clone(), agreed.replace("websocket", "h2c")),
        ("an answer of two", websocket.clone(), format!("Upgrade: h2c\r\n{agreed}")),
        ("an answer without a name", websocket.clone(), format!("Sec-WebSocket-Accept: {ACCEPT}\r\n")),
        ("an answer to another key", websocket.clone(), agreed.replace("s3pP", "S3pP")),
        ("an answer to no key", websocket.clone(), "Upgrade: websocket\r\n".to_owned()),
    ] {
        let (host, heard) = stubborn(switching(&answered)).await;
        let own = format!("'limited.test:80': '{}'", origin.plain);
        let proxy = Fixture::start(&config(&origin, "").replace(&own, &format!("'limited.test:80': '{host}'")));
        let mut stream = proxy.connect().await;
        stream.write_all(asking(&asked).as_bytes()).await.unwrap();
        let answer = read_head(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 502"), "{name}: {answer}");
        let _ = stream.write_all(b"POST /closed HTTP/1.1\r\nHost: limited.test\r\n\r\n").await;
        drop(stream);
        proxy.record(|record| record["status"] == 502).await;
        let heard = heard.lock().unwrap().clone();
        assert!(!heard.contains("closed") && !heard.contains("h2c"), "{name}: {heard}");
    }
    // The control: a WebSocket, and by the policy's own word a path that isn't open.
    let (host, heard) = stubborn(switching(&agreed)).await;
    let own = format!("'limited.test:80': '{}'", origin.plain);
    let proxy = Fixture::start(&config(&origin, "").replace(&own, &format!("'limited.test:80': '{host}'")));
    let mut stream = proxy.connect().await;
    stream.write_all(asking(&websocket.replace("websocket", "WebSocket")).as_bytes()).await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 101"));
    stream.write_all(b"frames").await.unwrap();
    until(|| heard.lock().unwrap().ends_with("frames")).await;
    assert!(heard.lock().unwrap().contains("upgrade: websocket\r\n"));
    let closed = asking(&websocket).replace("/open/", "/closed/").replace("upgrade\r\n", "upgrade, close\r\n");
    assert!(proxy.exchange(closed.as_bytes()).await.starts_with("HTTP/1.1 403"));
}

/// How many connections the proxy counts.
async fn connections(proxy: &Fixture) -> u64 {
    proxy.ask("GET", "/health", None, &Value::Null).await.1["connections"].as_u64().unwrap()
}

/// Waits until the proxy counts none.
async fn all_gone(proxy: &Fixture) -> bool {
    let gone = async { while connections(proxy).await > 0 {} };
    timeout(PATIENCE, gone).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_upgrade_leaves_no_connection_behind() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    // The control comes first: the same without a word of another protocol.
    for upgrade in ["", "Connection: Upgrade\r\nUpgrade: h2c\r\n", "Connection: Upgrade\r\nUpgrade: websocket\r\n"] {
        for framing in [
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "Content-Length: 5\r\n\r\nhello",
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "\r\n",
        ] {
            let request = format!("POST http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n{upgrade}{framing}");
            let mut stream = proxy.connect().await;
            stream.write_all(request.as_bytes()).await.unwrap();
            assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 403"));
            drop(stream);
            assert!(all_gone(&proxy).await, "{request}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_doesnt_wait_for_its_websocket_takes_the_connection_with_it() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let websocket = format!("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {KEY}\r\n");
    for (upgrade, early) in [("", ""), (websocket.as_str(), ""), (websocket.as_str(), "early frames")] {
        let before = origin.seen.requests().len();
        let mut stream = proxy.connect().await;
        let request = format!("GET http://api.test/never HTTP/1.1\r\nHost: api.test\r\n{upgrade}\r\n{early}");
        stream.write_all(request.as_bytes()).await.unwrap();
        until(|| origin.seen.requests().len() > before).await;
        drop(stream);
        assert!(all_gone(&proxy).await, "{request}");
        until(|| origin.seen.open() == 0).await;
    }
    // What an impatient client says before it is answered isn't lost.
    let request = format!("GET http://api.test/a HTTP/1.1\r\nHost: api.test\r\n{websocket}\r\n");
    let next = "GET http://api.test/b HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n";
    let answer = exchange(proxy.connect().await, format!("{request}{next}").as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 2, "{answer}");
}
