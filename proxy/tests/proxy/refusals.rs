//! What is refused as it stands: it is explained to the client and found in the log, and the log has nobody's password.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use crate::fixture::{CANARY, Fixture, PATIENCE, config, read_head};
use crate::origin::Origin;

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_none_is_explained_and_logged() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, "limits: { head_bytes: 131072 }"));
    let long = format!("http://api.test/{}", "a".repeat(70_000));
    for (count, target) in
        ["http://evil.test\\@api.test/", "http://[evil.test/", "a:b:c", "http://a%zz^/", &long].into_iter().enumerate()
    {
        let answer = proxy.exchange(format!("GET {target} HTTP/1.1\r\nHost: api.test\r\n\r\n").as_bytes()).await;
        assert!(answer.contains("\"detail\":\"the request"), "{target}: {answer}");
        proxy.records(|records| records.iter().filter(|record| record["decision"] == "refuse").count() > count).await;
    }
    assert_eq!(origin.seen.bytes(), 0);
    // The control.
    let answer = proxy.exchange(b"GET http://api.test/a?[b|c] HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n");
    assert!(answer.await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_get_around_what_is_decided_are_refused_however_they_are_written() {
    let origin = Origin::start().await;
    let text = config(&origin, &format!("headers: {{ api.test: {{ set: {{ x-api-key: {CANARY} }} }} }}"));
    let proxy = Fixture::start(&text);
    let refused =
        ["TRACE", "trace", "Trace", "TRACK", "track", "connect", "Connect", "OCTOBOT-REFUSED", "octobot-refused"];
    let tls = proxy.tls("api.test:443", "api.test", &[b"h2"]).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await.unwrap();
    tokio::spawn(connection);
    for method in refused {
        let request = format!("{method} http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n");
        let answer = proxy.exchange(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 40") && answer.contains("\"detail\""), "{method}: {answer}");
        let request = Request::builder().method(method).uri("https://api.test/").body(Full::<Bytes>::default());
        let response = timeout(PATIENCE, sender.send_request(request.unwrap())).await.unwrap().unwrap();
        assert!([400, 405].contains(&response.status().as_u16()), "{method}: {response:?}");
    }
    assert_eq!(origin.seen.bytes(), 0);
    // The control: a method that nobody knows.
    let request = Request::builder().method("TRACER").uri("https://api.test/").body(Full::<Bytes>::default()).unwrap();
    assert_eq!(timeout(PATIENCE, sender.send_request(request)).await.unwrap().unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_isnt_logged_under_a_method_that_nobody_sent() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    proxy.exchange(b"GET http://api.test/ HTTP/1.1\nHost: api.test\n\n").await;
    let record = proxy.record(|record| record["decision"] == "refuse").await;
    assert_eq!((&record["method"], &record["path"]), (&serde_json::Value::Null, &serde_json::Value::Null), "{record}");
    // The control: what is refused for something else has its method.
    proxy.exchange(b"GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n").await;
    let record = proxy.record(|record| record["path"] == "/a").await;
    assert_eq!(record["method"], "GET");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_in_connects_target_isnt_logged() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    for target in [format!("user:{CANARY}@api.test:443"), format!("{CANARY}@x@api.test:443")] {
        let answer = proxy.tunnel(&target).await.1;
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let records = proxy.records(|records| records.len() == 2).await;
    assert!(records.iter().all(|record| record["host"] == "api.test:443"), "{records:#?}");
    assert!(!serde_json::to_string(&records).unwrap().contains(CANARY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_line_that_is_no_request_is_refused_at_once() {
    let origin = Origin::start().await;
    // Nobody waits this long in a test.
    let proxy = Fixture::start(&config(&origin, "limits: { head_timeout: 600 }"));
    let (mut stream, _) = proxy.tunnel("api.test:443").await;
    stream.write_all(b"SSH-2.0-x\r\n").await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 400"));
    let mut stream = proxy.connect().await;
    stream.write_all(b"CONNECT api.test:443\r\n").await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 400"));
    // The control: a line that is a request, and what follows it later.
    let (mut stream, _) = proxy.tunnel("api.test:80").await;
    stream.write_all(b"GET /a HTTP/1.1\r\n").await.unwrap();
    let early = timeout(Duration::from_millis(200), read_head(&mut stream)).await;
    assert!(early.is_err(), "{early:?}");
    stream.write_all(b"Host: api.test\r\n\r\n").await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 200"));
}
