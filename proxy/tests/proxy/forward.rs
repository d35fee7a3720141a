//! Requests that are allowed, in each way that they come.

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, Request};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::fixture::{Fixture, PATIENCE, config, read_head, until};
use crate::origin::Origin;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_through_by_http_and_by_tls() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let plain = proxy.curled(&["http://api.test/a?b=c"]);
    assert!(plain.starts_with("GET /a?b=c HTTP/1.1\n") && plain.contains("host: api.test\n"), "{plain}");
    assert!(!plain.contains("proxy-connection"), "{plain}");
    let http1 = proxy.curled(&["--http1.1", "https://api.test/a"]);
    assert!(http1.starts_with("GET /a HTTP/1.1\n"), "{http1}");
    let http2 = proxy.curled(&["--http2", "https://api.test/a"]);
    assert!(http2.starts_with("GET https://api.test/a HTTP/2.0\n"), "{http2}");
    let record = proxy.record(|record| record["protocol"] == "https").await;
    assert_eq!((record["host"].as_str(), record["path"].as_str()), (Some("api.test"), Some("/a")));
    assert_eq!((record["status"].as_u64(), record["decision"].as_str()), (Some(200), Some("allow")));
    assert_eq!(record["address"], "127.0.0.1");
    assert_eq!(record["session"], "test");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_request_hears_which_rule_and_nothing_goes_out() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    for url in ["http://evil.test/", "https://evil.test/", "https://denied.sub.test/", "https://limited.test/closed"] {
        let output = proxy.curl(&["--include", "--request", "GET", url]);
        let text = String::from_utf8_lossy(&output.stdout).to_lowercase();
        assert!(text.contains(" 403"), "{url}: {text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("x-octobot-proxy-rule: "), "{url}: {text}");
    }
    assert_eq!(origin.seen.bytes(), 0);
    let record = proxy.record(|record| record["host"] == "denied.sub.test").await;
    assert_eq!(record["decision"], "deny");
    // The control: what is allowed on the same host does arrive.
    assert!(proxy.curled(&["https://limited.test/open/x"]).contains("/open/x"));
    assert!(origin.seen.bytes() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_kept_on_both_sides() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let mut stream = proxy.connect().await;
    for number in 0..5 {
        let request = format!("GET http://api.test/{number} HTTP/1.1\r\nHost: api.test\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = read_head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let length = head.to_lowercase().split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse();
        let mut body = vec![0; length.unwrap()];
        stream.read_exact(&mut body).await.unwrap();
    }
    assert_eq!(origin.seen.requests().len(), 5);
    assert_eq!(origin.seen.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_bodies_and_expectations_go_through() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    assert_eq!(proxy.curled(&["--range", "2-4", "https://api.test/range"]), "234");
    let file = proxy.path("body");
    std::fs::write(&file, vec![b'x'; 3 << 20]).unwrap();
    let data = format!("@{}", file.display());
    for protocol in ["--http1.1", "--http2"] {
        let sent = proxy.curled(&[protocol, "--data-binary", &data, "https://api.test/upload"]);
        assert_eq!(sent, (3 << 20).to_string(), "{protocol}");
        let expecting =
            [protocol, "-H", "Expect: 100-continue", "-T", file.to_str().unwrap(), "https://api.test/upload"];
        assert_eq!(proxy.curled(&expecting), (3 << 20).to_string(), "{protocol}");
        let chunked = [protocol, "-H", "Transfer-Encoding: chunked", "--data-binary", &data, "http://api.test/upload"];
        assert_eq!(proxy.curled(&chunked), (3 << 20).to_string(), "{protocol}");
    }
    let record = proxy.record(|record| record["path"] == "/upload").await;
    assert_eq!(record["bytes_up"], 3 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_arrives_while_the_stream_goes_on() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let tls = proxy.tls("api.test:443", "api.test", &[b"http/1.1"]).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(tls)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/events").header("host", "api.test").body(Full::<Bytes>::default()).unwrap();
    let mut response = timeout(PATIENCE, sender.send_request(request)).await.unwrap().unwrap();
    let frame = timeout(PATIENCE, response.frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "data: one\n\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_go_through_as_grpc_needs_them() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let tls = proxy.tls("api.test:443", "api.test", &[b"h2"]).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await.unwrap();
    tokio::spawn(connection);
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "1".parse().unwrap());
    let frames = [Frame::data(Bytes::from_static(b"hello")), Frame::trailers(trailers)];
    let body = StreamBody::new(futures::stream::iter(frames.map(Ok::<_, std::io::Error>)));
    let request = Request::post("https://api.test/trailers").header("te", "trailers").body(body).unwrap();
    let response = timeout(PATIENCE, sender.send_request(request)).await.unwrap().unwrap();
    let body = timeout(PATIENCE, response.collect()).await.unwrap().unwrap();
    let trailers = body.trailers().unwrap().clone();
    assert_eq!(body.to_bytes(), "hello");
    assert_eq!((trailers["grpc-status"].as_bytes(), trailers["te-was"].as_bytes()), (&b"0"[..], &b"trailers"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_goes_through_by_tls_and_without() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let tls = proxy.tls("api.test:443", "api.test", &[b"http/1.1"]).await.unwrap();
    echo(tls, "wss://api.test/socket").await;
    let (plain, head) = proxy.tunnel("api.test:80").await;
    assert!(head.starts_with("HTTP/1.1 200"));
    echo(plain, "ws://api.test/socket").await;
    let record = proxy.record(|record| record["status"] == 101).await;
    assert!(record["bytes_down"].as_u64().unwrap() > 5);
}

async fn echo(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, url: &str) {
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    socket.send(Message::text("hello")).await.unwrap();
    let answer = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(answer.into_text().unwrap().as_str(), "hello");
    socket.close(None).await.unwrap();
    // The rest, so that both sides know that it is over.
    while let Some(Ok(_)) = socket.next().await {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_changes_is_in_force_at_the_next_request_of_an_open_connection() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let tls = proxy.tls("api.test:443", "api.test", &[b"h2"]).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await.unwrap();
    tokio::spawn(connection);
    let request = || Request::get("https://api.test/").body(Full::<Bytes>::default()).unwrap();
    let response = timeout(PATIENCE, sender.send_request(request())).await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    let patch = serde_json::json!({ "allowlist": { "domains": ["other.test"] } });
    let (status, _) = proxy.ask("PATCH", "/api/config", Some(crate::fixture::TOKEN), &patch).await;
    assert_eq!(status, 200);
    let response = timeout(PATIENCE, sender.send_request(request())).await.unwrap().unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(origin.seen.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cant_be_reached_is_told_at_once() {
    let origin = Origin::start().await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let text = config(&origin, "")
        .replace(&format!("'other.test:443': '{}'", origin.secure), &format!("'other.test:443': '{closed}'"));
    let proxy = Fixture::start(&text);
    let output = proxy.curled(&["--include", "https://other.test/"]);
    assert!(output.contains("502"), "{output}");
    let record = proxy.record(|record| record["host"] == "other.test").await;
    assert_eq!(record["decision"], "fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_takes_its_request_with_it() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    for (path, alpn) in [("/events", "http/1.1"), ("/never", "http/1.1"), ("/events", "h2"), ("/never", "h2")] {
        let before = origin.seen.requests().len();
        let curl = std::process::Command::new("curl")
            .args(["--silent", "--no-buffer", "--proxy", &format!("http://{}", proxy.address), "--cacert"])
            .arg(proxy.ca())
            .args([if alpn == "h2" { "--http2" } else { "--http1.1" }, &format!("https://api.test{path}")])
            .stdout(std::process::Stdio::null())
            .spawn();
        let mut curl = curl.unwrap();
        until(|| origin.seen.requests().len() > before).await;
        curl.kill().unwrap();
        curl.wait().unwrap();
        let gone = |record: &serde_json::Value| record["path"] == path;
        proxy.record(gone).await;
        if alpn == "http/1.1" {
            until(|| origin.seen.open() == 0).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_upload_hears_why() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let file = proxy.path("body");
    std::fs::write(&file, vec![b'x'; 8 << 20]).unwrap();
    let data = format!("@{}", file.display());
    for url in ["http://evil.test/", "https://limited.test/open/x"] {
        for protocol in ["--http1.1", "--http2"] {
            let output = proxy.curl(&[protocol, "-H", "Expect:", "--data-binary", &data, url]);
            assert!(String::from_utf8_lossy(&output.stdout).contains("\"status\":403"), "{url} {protocol}: {output:?}");
        }
    }
    assert_eq!(origin.seen.bytes(), 0);
}
