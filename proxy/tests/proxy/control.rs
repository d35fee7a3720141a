//! The control API and the configuration's file.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::fixture::{Fixture, PATIENCE, TOKEN, config, until};
use crate::origin::Origin;

#[tokio::test(flavor = "multi_thread")]
async fn only_the_token_opens_the_api() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    for path in ["/api/config", "/api/log", "/api/hosts", "/api/cache/stats", "/metrics"] {
        assert_eq!(proxy.ask("GET", path, None, &Value::Null).await.0, 401, "{path}");
        assert_eq!(proxy.ask("GET", path, Some("0123456789abcdef0123456789abcdeF"), &Value::Null).await.0, 401);
        assert_eq!(proxy.ask("GET", path, Some(TOKEN), &Value::Null).await.0, 200, "{path}");
    }
    let (status, health) = proxy.ask("GET", "/health", None, &Value::Null).await;
    assert_eq!((status, health["status"].as_str()), (200, Some("ok")));
    assert_eq!(proxy.ask("DELETE", "/api/cache", Some(TOKEN), &Value::Null).await.0, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_is_read_and_a_broken_one_is_told_of() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    assert!(proxy.curled(&["http://api.test/"]).starts_with("GET"));
    let file = proxy.path("config.yaml");
    fs::write(&file, "allowlist:\n  domains: [api.test]\n  nonsense: 1\n").unwrap();
    proxy.tells("line 3").await;
    assert!(proxy.curled(&["http://api.test/"]).starts_with("GET"));
    // As editors do it: another file takes the name.
    let next = proxy.path("next.yaml");
    fs::write(&next, config(&origin, "").replace("[api.test, pinned.test, other.test", "[other.test")).unwrap();
    fs::rename(next, file).unwrap();
    proxy.tells("the configuration has changed").await;
    assert!(proxy.curled(&["http://api.test/"]).contains("\"status\":403"));
    assert!(proxy.curled(&["http://other.test/"]).starts_with("GET"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_told_as_it_grows_and_goes_on_after_a_number() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    proxy.curled(&["http://api.test/one"]);
    let first = proxy.record(|record| record["path"] == "/one").await["number"].as_u64().unwrap();
    let mut stream = TcpStream::connect(proxy.control).await.unwrap();
    let request = format!(
        "GET /api/log?after={first}&host=api.test HTTP/1.1\r\nHost: control\r\nAuthorization: Bearer {TOKEN}\r\nAccept: \
         text/event-stream\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut next = async |wanted: &str| {
        loop {
            let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
            if line.contains(wanted) {
                return line;
            }
        }
    };
    next("text/event-stream").await;
    proxy.curled(&["http://other.test/not-asked-for"]);
    proxy.curled(&["http://api.test/two"]);
    let record = next("data: ").await;
    let record: Value = serde_json::from_str(record.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(record["path"], "/two");
    let (_, page) = proxy.ask("GET", "/api/log?decision=allow&status=200&limit=1", Some(TOKEN), &Value::Null).await;
    assert_eq!(page["records"][0]["path"], "/one");
    let (_, hosts) = proxy.ask("GET", "/api/hosts", Some(TOKEN), &Value::Null).await;
    assert_eq!(hosts["api.test"]["allowed"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cant_be_written_stalls_nothing_and_is_told() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    // Nobody can write into a folder that has become a file.
    let folder = proxy.path("data/log");
    let _ = fs::remove_dir_all(&folder);
    fs::write(&folder, "").unwrap();
    for number in 0..3 {
        assert!(proxy.curled(&[&format!("http://api.test/{number}")]).starts_with("GET"));
    }
    let end = Instant::now() + PATIENCE;
    loop {
        let (_, health) = proxy.ask("GET", "/health", None, &Value::Null).await;
        if health["status"] == "degraded" && health["log"]["lost"].as_u64() > Some(0) {
            break;
        }
        assert!(Instant::now() < end, "{health}");
        sleep(Duration::from_millis(20)).await;
    }
    proxy.record(|record| record["path"] == "/2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_asked_to_end_finishes_what_it_has_begun() {
    let origin = Origin::start().await;
    let mut proxy = Fixture::start(&config(&origin, ""));
    let pid = rustix::process::Pid::from_raw(i32::try_from(proxy.pid()).unwrap()).unwrap();
    let silent = proxy.connect().await;
    let mut kept = proxy.connect().await;
    kept.write_all(b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n").await.unwrap();
    assert!(crate::fixture::read_head(&mut kept).await.starts_with("HTTP/1.1 200"));
    let mut stream = proxy.connect().await;
    let request = b"POST http://api.test/upload HTTP/1.1\r\nHost: api.test\r\nContent-Length: 10\r\n\r\n01234";
    stream.write_all(request).await.unwrap();
    until(|| origin.seen.requests().len() == 2).await;
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    proxy.tells("shuts down").await;
    let answer = crate::fixture::exchange(stream, b"56789").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("10"), "{answer}");
    // Nobody waits for connections that do nothing.
    timeout(Duration::from_secs(5), proxy.ended()).await.expect("the proxy goes on");
    drop((silent, kept));
}
