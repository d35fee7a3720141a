//! What must be refused. Each group shows first that what is sent arrives when it is sound, so that the test could fail.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::fixture::{Fixture, PATIENCE, config, exchange, read_head};
use crate::origin::Origin;

/// Heads that two readers could read differently; in each, what follows would be a request of its own to one of them.
const SMUGGLED: [(&str, &str); 14] = [
    ("CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"),
    ("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\nGET /smuggled HTTP/1.1\r\n\r\n0\r\n\r\n"),
    ("doubled length", "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"),
    ("two lengths", "Content-Length: 0\r\nContent-Length: 5\r\n\r\nGET /"),
    ("list of lengths", "Content-Length: 0, 5\r\n\r\n"),
    ("signed length", "Content-Length: +0\r\n\r\n"),
    ("negative length", "Content-Length: -1\r\n\r\n"),
    ("hexadecimal length", "Content-Length: 0x0\r\n\r\n"),
    ("folded", "X-Folded: a\r\n b\r\n\r\n"),
    ("folded encoding", "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    ("bare line feed", "X-A: b\nX-C: d\r\n\r\n"),
    ("bare carriage return", "X-A: b\rX-C: d\r\n\r\n"),
    ("space before the colon", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ("two hosts", "Host: evil.test\r\n\r\n"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_two_readers_read_differently_reaches_nobody() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    for (name, rest) in SMUGGLED {
        let request = format!("POST http://api.test/a HTTP/1.1\r\nHost: api.test\r\n{rest}");
        let answer = proxy.exchange(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{name}: {answer}");
        assert!(answer.contains("\"detail\":\"the request is malformed"), "{name}: {answer}");
        // The same within TLS, where the target is another form.
        let tls = proxy.tls("api.test:443", "api.test", &[b"http/1.1"]).await.unwrap();
        let answer = exchange(tls, format!("POST /a HTTP/1.1\r\nHost: api.test\r\n{rest}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{name}: {answer}");
    }
    assert_eq!(origin.seen.bytes(), 0);
    let record = proxy.record(|record| record["decision"] == "refuse").await;
    assert_eq!(record["status"], 400);
    // The control: sound requests of the same kind arrive, one after the other in one connection.
    let sound = "POST http://api.test/upload HTTP/1.1\r\nHost: api.test\r\nContent-Length: 5\r\n\r\nGET /POST \
                 http://api.test/upload HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\nConnection: \
                 close\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let answer = proxy.exchange(sound.as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 2, "{answer}");
    assert_eq!(origin.seen.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_isnt_what_it_says_smuggles_nothing() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    for body in ["5\nabcde\n0\n\n", "+5\r\nabcde\r\n0\r\n\r\n", "5\r\nabcdefGET /smuggled HTTP/1.1\r\n\r\n", "zz\r\n"] {
        let request = format!(
            "POST http://api.test/upload HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
        );
        proxy.exchange(request.as_bytes()).await;
    }
    let requests = origin.seen.requests();
    assert!(requests.iter().all(|request| !request.contains("smuggled")), "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_disagree_reach_nobody() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    // The target says one thing and Host another.
    for (target, host) in [
        ("http://api.test/", "evil.test"),
        ("http://api.test/", "other.test"),
        ("http://api.test/", "api.test:81"),
        ("http://api.test:80/", "api.test@evil.test"),
    ] {
        let answer = proxy.exchange(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 421"), "{target} {host}: {answer}");
    }
    // The name in the handshake is another one than that of CONNECT, or there is none.
    for (target, name) in
        [("api.test:443", "evil.test"), ("api.test:443", "other.test"), ("pinned.test:443", "api.test")]
    {
        assert!(proxy.tls(target, name, &[]).await.is_err(), "{target} {name}");
    }
    assert!(proxy.tls("api.test:443", "127.0.0.1", &[]).await.is_err());
    // Host is another one than the handshake's: domain fronting.
    for host in ["evil.test", "other.test", "api.test:8443"] {
        let tls = proxy.tls("api.test:443", "api.test", &[b"http/1.1"]).await.unwrap();
        let answer = exchange(tls, format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 421"), "{host}: {answer}");
    }
    // CONNECT and its Host.
    let answer = proxy.exchange(b"CONNECT api.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
    // The connection of `pinned.test` was opened before its client was known to lie; not a byte went over it.
    assert_eq!(origin.seen.bytes(), 0);
    let record = proxy.record(|record| record["rule"].as_str().unwrap().contains("isn't the one")).await;
    assert_eq!(record["decision"], "refuse");
    // The control.
    let tls = proxy.tls("api.test:443", "api.test", &[b"http/1.1"]).await.unwrap();
    let answer = exchange(tls, b"GET / HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_authority_in_http2_reaches_nobody() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let tls = proxy.tls("api.test:443", "api.test", &[b"h2"]).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await.unwrap();
    tokio::spawn(connection);
    let mut ask = async |uri: &str, host: Option<&str>| {
        let mut request = Request::get(uri);
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let sent = sender.send_request(request.body(Full::<Bytes>::default()).unwrap());
        timeout(PATIENCE, sent).await.unwrap().unwrap().status().as_u16()
    };
    assert_eq!(ask("https://evil.test/", None).await, 421);
    assert_eq!(ask("https://other.test/", None).await, 421);
    assert_eq!(ask("http://api.test/", None).await, 421);
    assert_eq!(ask("https://api.test:8443/", None).await, 421);
    assert_eq!(ask("https://api.test/", Some("evil.test")).await, 421);
    assert_eq!(origin.seen.bytes(), 0);
    assert_eq!(ask("https://api.test/", None).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_a_host_is_written_it_is_the_same_host() {
    let origin = Origin::start().await;
    let allow_loopback_by_name =
        config(&origin, "").replace("allowlist:\n  domains: [", "allowlist:\n  ports: ['*']\n  domains: ['*', ");
    let proxy = Fixture::start(&allow_loopback_by_name);
    let port = origin.plain.port();
    for host in [
        "127.1",
        "127.0.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0x7f.1",
        "0x7f000001",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::ffff:7f00:1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[::]",
        "localhost",
        "127.0.0.1",
        "127.0.0.1.",
        "169.254.169.254",
        "[fe80::1]",
        "user@127.0.0.1",
        "api.test%00.evil.test",
        "api_test",
        "evil.test..",
    ] {
        let answer = proxy
            .exchange(
                format!("GET http://{host}:{port}/ HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n")
                    .as_bytes(),
            )
            .await;
        let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
        assert!(["400", "403", "502"].contains(&status.as_str()), "{host}: {answer}");
        let mut stream = proxy.connect().await;
        stream
            .write_all(format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let answer = read_head(&mut stream).await;
        let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
        // A name is resolved when it is asked for something.
        assert!(["400", "403", "200"].contains(&status.as_str()), "{host}: {answer}");
    }
    assert_eq!(origin.seen.connections(), 0);
    // Upper case and a dot at the end make no other host.
    let answer = proxy.exchange(b"GET http://API.test./ HTTP/1.1\r\nHost: Api.Test\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("host: api.test\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_after_connect_is_judged() {
    let origin = Origin::start().await;
    let text = config(&origin, "").replace("denied.sub.test:443", "denied.sub.test:80");
    let proxy = Fixture::start(&text);
    // One byte first, then the rest: still a request that is judged, and a handshake that is intercepted.
    for (first, rest) in
        [("G", "ET / HTTP/1.1\r\nHost: evil.test\r\n\r\n"), ("P", "OST / HTTP/1.1\r\nHost: evil.test\r\n\r\n")]
    {
        let (mut stream, _) = proxy.tunnel("api.test:80").await;
        stream.write_all(first.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let answer = exchange(stream, rest.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
    }
    // Every method, not only GET.
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "BREW"] {
        let (stream, _) = proxy.tunnel("limited.test:80").await;
        let request = format!("{method} /open/x HTTP/1.1\r\nHost: limited.test\r\nConnection: close\r\n\r\n");
        let answer = exchange(stream, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{method}: {answer}");
    }
    // CONNECT within a tunnel, in TLS, and after another request.
    let (stream, _) = proxy.tunnel("api.test:80").await;
    let answer = exchange(stream, b"CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    let tls = proxy.tls("api.test:443", "api.test", &[b"http/1.1"]).await.unwrap();
    let answer = exchange(tls, b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    // Another protocol.
    let (stream, _) = proxy.tunnel("api.test:443").await;
    assert_eq!(exchange(stream, b"\x00\x01\x02SSH-2.0-x\r\n").await, "");
    assert_eq!(origin.seen.bytes(), 0);
    // The control: the same first byte, and what is allowed.
    let (mut stream, _) = proxy.tunnel("api.test:80").await;
    stream.write_all(b"G").await.unwrap();
    let answer = exchange(stream, b"ET / HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_without_end_or_measure_is_cut_off() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, "limits: { head_timeout: 1, head_bytes: 8192 }"));
    // Many headers, long ones, and one without end.
    let many = "A: b\r\n".repeat(200);
    let long = format!("A: {}\r\n", "b".repeat(20_000));
    for bomb in [many, long] {
        let request = format!("GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n{bomb}\r\n");
        let answer = proxy.exchange(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    // Slowly: a head, CONNECT's head, a handshake, SOCKS.
    for beginning in [&b"GET http://api.test/ HTTP/1.1\r\nHost:"[..], b"CONNECT api.test:443 HT", b"P", b"\x05\x01"] {
        let mut stream = proxy.connect().await;
        stream.write_all(beginning).await.unwrap();
        let mut answer = Vec::new();
        let ended = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "{beginning:?} is waited for");
    }
    let (mut stream, _) = proxy.tunnel("api.test:443").await;
    stream.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
    let ended = timeout(Duration::from_secs(10), stream.read_u8()).await;
    assert!(ended.is_ok_and(|byte| byte.is_err()));
    assert_eq!(origin.seen.bytes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn control_characters_get_into_no_header() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    for request in [
        "GET http://api.test/\u{0} HTTP/1.1\r\nHost: api.test\r\n\r\n",
        "GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\nX: a\u{0}b\r\n\r\n",
        "GET http://api.test/ HTTP/1.1\r\nHost: api.test\u{b}\r\n\r\n",
        "GET http://api.test\r\nX: y/ HTTP/1.1\r\nHost: api.test\r\n\r\n",
        "CONNECT api.test\u{0}.evil.test:443 HTTP/1.1\r\n\r\n",
        "CONNECT api.test:443\r\nX: y HTTP/1.1\r\n\r\n",
    ] {
        let answer = proxy.exchange(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{request:?}: {answer}");
    }
    // Encoded, they are part of the path and stay encoded.
    let request = "GET http://api.test/%0d%0aX:%20y HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n";
    let answer = proxy.exchange(request.as_bytes()).await;
    assert!(answer.contains("GET /%0d%0aX:%20y HTTP/1.1\n") && !answer.contains("\nx: y"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_resets_everything_it_asks_for_is_cut_off() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let mut tls = proxy.tls("api.test:443", "api.test", &[b"h2"]).await.unwrap();
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    };
    tls.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    tls.write_all(&frame(4, 0, 0, &[])).await.unwrap();
    // Indexed fields of the static table: GET, /, https; and the host as a literal.
    let head = [&[0x82, 0x84, 0x87, 0x41, 8][..], b"api.test"].concat();
    let mut is_cut_off = false;
    for number in 0..20_000u32 {
        let stream = number * 2 + 1;
        let pair = [frame(1, 5, stream, &head), frame(3, 0, stream, &8u32.to_be_bytes())].concat();
        if tls.write_all(&pair).await.is_err() {
            is_cut_off = true;
            break;
        }
    }
    if !is_cut_off {
        let mut rest = Vec::new();
        is_cut_off = timeout(PATIENCE, tls.read_to_end(&mut rest)).await.is_ok();
    }
    assert!(is_cut_off);
    assert!(origin.seen.requests().len() < 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_is_no_web_server() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let mut stream = proxy.connect().await;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: api.test\r\n\r\n").await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 400"));
    // TLS to it isn't a connection to a host.
    let stream = proxy.connect().await;
    assert!(proxy.tls_over(stream, "api.test", &[]).await.is_err());
    assert_eq!(origin.seen.connections(), 0);
}
