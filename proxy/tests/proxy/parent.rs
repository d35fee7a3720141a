//! Another proxy on the way, and hosts that don't answer.

use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::{CANARY, Fixture, config, read_head};
use crate::origin::Origin;

/// A proxy that takes CONNECT and leads everywhere to one place; and what it was asked.
async fn parent(
    lead_to: std::net::SocketAddr,
    status: &'static str,
) -> (std::net::SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heads = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let head = read_head(&mut client).await;
            heads.lock().unwrap().push(head);
            client.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await.unwrap();
            tokio::spawn(async move {
                let mut host = TcpStream::connect(lead_to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut host).await;
            });
        }
    });
    (address, asked)
}

fn behind(origin: &Origin, parent: std::net::SocketAddr) -> String {
    let more = format!("  proxy: {{ address: '{parent}', username: octobot, password: {CANARY} }}");
    let text = config(origin, &more);
    // What has an address of its own isn't reached through the parent.
    text.lines().filter(|line| !line.contains("api.test:")).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_through_the_parent_with_our_password() {
    let origin = Origin::start().await;
    let (address, asked) = parent(origin.secure, "200 OK").await;
    let proxy = Fixture::start(&behind(&origin, address));
    let answer = proxy.curled(&["https://api.test/a"]);
    assert!(answer.contains("/a HTTP/2.0") && !answer.contains("proxy-authorization"), "{answer}");
    assert!(proxy.curled(&["https://evil.test/"]).contains("\"status\":403"));
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("CONNECT api.test:443 HTTP/1.1\r\n"), "{asked:?}");
    // "octobot:canary-7f3a91c2"
    assert!(asked[0].contains("Proxy-Authorization: Basic b2N0b2JvdDpjYW5hcnktN2YzYTkxYzI=\r\n"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_that_refuses_is_told_of() {
    let origin = Origin::start().await;
    let (address, _) = parent(origin.secure, "407 Proxy Authentication Required").await;
    let proxy = Fixture::start(&behind(&origin, address));
    let answer = proxy.curled(&["--include", "https://api.test/a"]);
    assert!(answer.contains("502") && answer.contains("407 Proxy Authentication Required"), "{answer}");
    assert!(!answer.contains(CANARY));
    assert_eq!(origin.seen.bytes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_accepts_and_is_silent_is_given_up() {
    let origin = Origin::start().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let text = config(&origin, "  answer_timeout: 1\n  connect_timeout: 1");
    let own = format!("'other.test:80': '{}'", origin.plain);
    let text = text.replace(&own, &format!("'other.test:80': '{}'", silent.local_addr().unwrap()));
    let own = format!("'other.test:443': '{}'", origin.secure);
    let proxy = Fixture::start(&text.replace(&own, &format!("'other.test:443': '{}'", silent.local_addr().unwrap())));
    for url in ["http://other.test/", "https://other.test/"] {
        let answer = proxy.curled(&["--include", url]);
        assert!(answer.contains(" 50"), "{url}: {answer}");
    }
    let record = proxy.record(|record| record["host"] == "other.test").await;
    assert_eq!((record["decision"].as_str(), record["status"].as_u64()), (Some("fail"), Some(504)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_isnt_the_hosts_is_refused() {
    let origin = Origin::start().await;
    // The origin has no certificate for this name.
    let text = config(&origin, "").replace("other.test", "stranger.test");
    let proxy = Fixture::start(&text);
    let answer = proxy.curled(&["--include", "https://stranger.test/"]);
    assert!(answer.contains("502") && answer.contains("TLS with the host failed"), "{answer}");
    assert!(origin.seen.requests().is_empty());
    // The control.
    assert!(proxy.curled(&["https://api.test/"]).contains("GET"));
}
