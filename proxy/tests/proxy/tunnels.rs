//! Connections that are opened otherwise: by SOCKS, redirected, or passed on as they are.

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::{Fixture, config, connector, exchange, read_head};
use crate::origin::Origin;

const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n";

/// Opens a connection by SOCKS to what `address` says, and returns it with the reply's code.
async fn socks(proxy: &Fixture, command: u8, address: &[u8], port: u16) -> (TcpStream, u8) {
    let mut stream = proxy.connect().await;
    stream.write_all(&[5, 1, 0]).await.unwrap();
    let mut choice = [0; 2];
    stream.read_exact(&mut choice).await.unwrap();
    assert_eq!(choice, [5, 0]);
    stream.write_all(&[&[5, command, 0], address, &port.to_be_bytes()].concat()).await.unwrap();
    let mut reply = [0; 10];
    stream.read_exact(&mut reply).await.unwrap();
    (stream, reply[1])
}

fn name(name: &str) -> Vec<u8> {
    [&[3, u8::try_from(name.len()).unwrap()], name.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn socks_goes_to_names_and_addresses() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let (stream, reply) = socks(&proxy, 1, &name("api.test"), 80).await;
    assert_eq!(reply, 0);
    assert!(exchange(stream, REQUEST).await.starts_with("HTTP/1.1 200"));
    let (stream, _) = socks(&proxy, 1, &name("api.test"), 443).await;
    let tls = proxy.tls_over(stream, "api.test", &[b"http/1.1"]).await.unwrap();
    assert!(exchange(tls, REQUEST).await.starts_with("HTTP/1.1 200"));
    // A client that has resolved the name itself: the name in the handshake, or Host, counts, and the proxy's address of it.
    for address in [&[1, 192, 0, 2, 7][..], &[&[4][..], &[0; 15], &[9]].concat()] {
        let (stream, reply) = socks(&proxy, 1, address, 443).await;
        assert_eq!(reply, 0);
        let tls = proxy.tls_over(stream, "api.test", &[b"http/1.1"]).await.unwrap();
        assert!(exchange(tls, REQUEST).await.starts_with("HTTP/1.1 200"));
        let (stream, _) = socks(&proxy, 1, address, 80).await;
        assert!(exchange(stream, REQUEST).await.starts_with("HTTP/1.1 200"));
    }
    for scheme in ["socks5", "socks5h"] {
        let proxy_url = format!("{scheme}://{}", proxy.address);
        let resolve = "api.test:443:192.0.2.7";
        let output = proxy.curl(&["--proxy", &proxy_url, "--resolve", resolve, "https://api.test/a"]);
        assert!(String::from_utf8_lossy(&output.stdout).contains("/a HTTP/"), "{scheme}: {output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn socks_is_refused_clearly() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    assert_eq!(socks(&proxy, 2, &name("api.test"), 80).await.1, 7);
    assert_eq!(socks(&proxy, 3, &[1, 0, 0, 0, 0], 0).await.1, 7);
    assert_eq!(socks(&proxy, 1, &name("evil.test"), 443).await.1, 2);
    assert_eq!(socks(&proxy, 1, &name("api.test"), 22).await.1, 2);
    assert_eq!(socks(&proxy, 1, &name("api.test\0.evil.test"), 443).await.1, 2);
    assert_eq!(socks(&proxy, 1, &name("0x7f.1"), 443).await.1, 2);
    // By address, the host is known later: from the handshake, or it is the address itself.
    let (stream, _) = socks(&proxy, 1, &[1, 127, 0, 0, 1], origin.secure.port()).await;
    let tls = proxy.tls_over(stream, "127.0.0.1", &[b"http/1.1"]).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", origin.secure.port());
    assert!(exchange(tls, request.as_bytes()).await.starts_with("HTTP/1.1 403"));
    let (stream, _) = socks(&proxy, 1, &[1, 127, 0, 0, 1], 443).await;
    let tls = proxy.tls_over(stream, "evil.test", &[b"http/1.1"]).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n";
    assert!(exchange(tls, request).await.starts_with("HTTP/1.1 403"));
    assert_eq!(origin.seen.connections(), 0);
    // Connections end in no order, and so do their records.
    let record = proxy.record(|record| record["protocol"] == "socks5" && record["host"] == "evil.test").await;
    assert_eq!(record["decision"], "deny");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_nothing_of_a_refused_connect_is_refused_within() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let connect = async |target: &str, agent: &str| {
        let mut stream = proxy.connect().await;
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {agent}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = read_head(&mut stream).await;
        (stream, answer)
    };
    let (stream, answer) = connect("evil.test:443", "curl/8.14.1").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let tls = proxy.tls_over(stream, "evil.test", &[b"http/1.1"]).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n";
    let answer = exchange(tls, request).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("default deny"), "{answer}");
    // Whatever else it does there gets nowhere, and is known as denied.
    for bytes in [&b"GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"[..], b"\x00garbage"] {
        let (stream, _) = connect("evil.test:443", "curl/8.14.1").await;
        let answer = exchange(stream, bytes).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
    let (stream, _) = connect("evil.test:443", "curl/8.14.1").await;
    assert!(proxy.tls_over(stream, "api.test", &[]).await.is_err());
    let record = proxy.record(|record| record["protocol"] == "connect").await;
    assert_eq!((record["host"].as_str(), record["decision"].as_str()), (Some("evil.test"), Some("deny")));
    // Others, and other ports, hear it at once.
    for (target, agent) in [("evil.test:443", "Go-http-client/1.1"), ("evil.test:22", "curl/8.14.1")] {
        let (_, answer) = connect(target, agent).await;
        assert!(answer.starts_with("HTTP/1.1 403 the network policy"), "{answer}");
    }
    assert_eq!(origin.seen.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_hosts_tls_is_passed_on_untouched() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let (stream, head) = proxy.tunnel("pinned.test:443").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    // Its own certificate, not the proxy's.
    let connector = connector(origin.ca_pem().as_bytes(), &[b"http/1.1"]);
    let tls = connector.connect(ServerName::try_from("pinned.test").unwrap(), stream).await.unwrap();
    let answer = exchange(tls, b"GET /a HTTP/1.1\r\nHost: pinned.test\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let record = proxy.record(|record| record["decision"] == "tunnel").await;
    assert_eq!(record["host"], "pinned.test");
    assert!(record["bytes_up"].as_u64() > Some(200) && record["bytes_down"].as_u64() > Some(200), "{record}");
    assert_eq!(record["path"], serde_json::Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirected_connection_is_known_by_its_name() {
    let origin = Origin::start().await;
    let proxy = Fixture::start_with(
        &config(&origin, "")
            .replace("allowlist:\n", "allowlist:\n  ports: ['*']\n")
            .replace("api.test:", "unused.test:"),
        &["--listen-transparent", "127.0.0.1:0"],
    );
    let address = proxy.listener("Transparent");
    let port = address.port();
    let patch = serde_json::json!({ "upstream": { "addresses": {
        format!("api.test:{port}"): origin.secure.to_string(),
    } } });
    assert_eq!(proxy.ask("PATCH", "/api/config", Some(crate::fixture::TOKEN), &patch).await.0, 200);
    let stream = TcpStream::connect(address).await.unwrap();
    let tls = proxy.tls_over(stream, "api.test", &[b"http/1.1"]).await.unwrap();
    assert!(exchange(tls, REQUEST).await.starts_with("HTTP/1.1 200"));
    // What isn't allowed hears why, and nothing arrives.
    let before = origin.seen.requests().len();
    let stream = TcpStream::connect(address).await.unwrap();
    let tls = proxy.tls_over(stream, "evil.test", &[b"http/1.1"]).await.unwrap();
    let answer = exchange(tls, b"GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let stream = TcpStream::connect(address).await.unwrap();
    let answer = exchange(stream, b"GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    // Bytes that are no protocol are reset.
    let stream = TcpStream::connect(address).await.unwrap();
    assert_eq!(exchange(stream, b"\x00\x01garbage").await, "");
    assert_eq!(origin.seen.requests().len(), before);
    // The control: plain HTTP to what is allowed.
    let patch = serde_json::json!({ "upstream": { "addresses": {
        format!("api.test:{port}"): origin.plain.to_string(),
    } } });
    assert_eq!(proxy.ask("PATCH", "/api/config", Some(crate::fixture::TOKEN), &patch).await.0, 200);
    let stream = TcpStream::connect(address).await.unwrap();
    assert!(exchange(stream, REQUEST).await.starts_with("HTTP/1.1 200"));
}
