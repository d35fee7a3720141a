//! What is refused as it stands: it is explained to the client and found in the log, and the log has nobody's password.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use crate::fixture::{CANARY, Fixture, config, read_head};
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
