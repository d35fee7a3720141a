//! How long things may take. The pauses here are what is tested.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::fixture::{Fixture, config, exchange, read_head};
use crate::origin::Origin;

/// How HTTP/2 begins (RFC 9113, section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame of HTTP/2 (RFC 9113, section 4.1).
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_is_cut_off_in_http2_too() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, "limits: { head_timeout: 1 }"));
    // Indexed fields of the static table: GET, /, https; and the host as a literal.
    let head = [&[0x82, 0x84, 0x87, 0x41, 8][..], b"api.test"].concat();
    let begun = [PREFACE, &frame(4, 0, 0, &[])].concat();
    let whole = frame(1, 5, 1, &head);
    for (name, bytes) in [
        ("nothing", Vec::new()),
        ("part of the preface", PREFACE[..9].to_vec()),
        ("part of a frame's head", [&begun[..], &whole[..3]].concat()),
        ("part of a request's head", [&begun[..], &whole[..12]].concat()),
        ("a head that goes on", [&begun[..], &frame(1, 1, 1, &head)].concat()),
        ("a head that goes on for ever", [&begun[..], &frame(1, 1, 1, &head), &frame(9, 0, 1, &[])].concat()),
        ("after a request", [&begun[..], &whole, &frame(1, 5, 3, &head)[..12]].concat()),
    ] {
        let mut tls = proxy.tls("api.test:443", "api.test", &[b"h2"]).await.unwrap();
        tls.write_all(&bytes).await.unwrap();
        let ended = timeout(Duration::from_secs(10), tls.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "{name} is waited for");
    }
    // The control: it is heads that are in a hurry, not connections, and not bodies.
    let mut tls = proxy.tls("api.test:443", "api.test", &[b"h2"]).await.unwrap();
    tls.write_all(&begun).await.unwrap();
    sleep(Duration::from_millis(1500)).await;
    let post = [&[0x83, 0x84, 0x87, 0x41, 8][..], b"api.test"].concat();
    tls.write_all(&[frame(1, 4, 1, &post), frame(0, 1, 1, b"body")[..11].to_vec()].concat()).await.unwrap();
    sleep(Duration::from_millis(1500)).await;
    let before = origin.seen.requests().len();
    tls.write_all(&[b"dy", &frame(1, 5, 3, &head)[..]].concat()).await.unwrap();
    crate::fixture::until(|| origin.seen.requests().len() > before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_may_take_longer_than_its_answer() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, "").replace("upstream:\n", "upstream:\n  answer_timeout: 1\n"));
    for framing in ["Content-Length: 20\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"] {
        let is_chunked = framing.starts_with('T');
        let mut stream = proxy.connect().await;
        let head = format!("POST http://api.test/upload HTTP/1.1\r\nHost: api.test\r\n{framing}");
        stream.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..5 {
            sleep(Duration::from_millis(400)).await;
            stream.write_all(if is_chunked { b"4\r\nabcd\r\n" } else { b"abcd" }).await.unwrap();
        }
        if is_chunked {
            stream.write_all(b"0\r\n\r\n").await.unwrap();
        }
        let answer = read_head(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    // The control: an answer that doesn't come, after an upload that did, and an upload that comes to a halt.
    let never =
        b"POST http://api.test/never HTTP/1.1\r\nHost: api.test\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd";
    let answer = exchange(proxy.connect().await, never).await;
    assert!(answer.starts_with("HTTP/1.1 50") && answer.contains("doesn't answer"), "{answer}");
    let halted =
        b"POST http://api.test/upload HTTP/1.1\r\nHost: api.test\r\nContent-Length: 9\r\nConnection: close\r\n\r\nabcd";
    let answer = exchange(proxy.connect().await, halted).await;
    assert!(answer.starts_with("HTTP/1.1 50"), "{answer}");
}

/// A host that answers after 2.5 s, or at once and then with a piece every 0.5 s, six in all.
async fn slow_host() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let mut stream = listener.accept().await.unwrap().0;
            tokio::spawn(async move {
                let head = read_head(&mut stream).await;
                if head.starts_with("GET /late") {
                    sleep(Duration::from_millis(2500)).await;
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend").await.unwrap();
                    return;
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n").await.unwrap();
                for piece in ["ab", "cd", "ef", "gh", "ij", "kkend"] {
                    sleep(Duration::from_millis(500)).await;
                    stream.write_all(piece.as_bytes()).await.unwrap();
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_an_answer_or_takes_one_is_not_idle() {
    let origin = Origin::start().await;
    let slow = slow_host().await;
    let here = format!("'api.test:80': '{}'", origin.plain);
    let config = config(&origin, "limits: { idle_timeout: 1 }").replace(&here, &format!("'api.test:80': '{slow}'"));
    let proxy = Fixture::start(&config);
    for path in ["/late", "/bit-by-bit"] {
        let mut stream = proxy.connect().await;
        let request = format!("GET http://api.test{path} HTTP/1.1\r\nHost: api.test\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The control: afterwards the connection is idle, and ends.
        timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        assert!(answer.ends_with(b"end"), "{path}: {}", String::from_utf8_lossy(&answer));
    }
}
