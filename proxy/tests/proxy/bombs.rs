//! What is small on its way and large when it is unpacked: the proxy unpacks no bodies, and of headers no more than it takes.

use std::process::{Command, Stdio};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::fixture::{Fixture, PATIENCE, config, read_head};
use crate::load::memory;
use crate::origin::Origin;
use crate::timing::{PREFACE, frame};

/// How much more memory a bomb may take, in KiB.
const MOST: u64 = 16 * 1024;

/// 200 MB of nothing, packed.
fn packed() -> Vec<u8> {
    let pack = "head -c 200000000 /dev/zero | gzip -1";
    let output = Command::new("sh").args(["-c", pack]).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success() && output.stdout.len() < 2_000_000);
    output.stdout
}

/// A host that answers with a packed body, and says of what it is sent how long it was.
async fn host(body: Vec<u8>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let mut stream = listener.accept().await.unwrap().0;
            let head = read_head(&mut stream).await.to_lowercase();
            if let Some(length) = head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
                let mut sent = vec![0; length.parse().unwrap()];
                stream.read_exact(&mut sent).await.unwrap();
                assert_eq!(sent, body);
            }
            let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/plain\r\nConnection: close\r\n";
            stream.write_all(format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes()).await.unwrap();
            stream.write_all(&body).await.unwrap();
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_unpacks_to_much_passes_as_it_is() {
    let origin = Origin::start().await;
    let packed = packed();
    let host = host(packed.clone()).await;
    let here = format!("'api.test:80': '{}'", origin.plain);
    let proxy = Fixture::start(&config(&origin, "").replace(&here, &format!("'api.test:80': '{host}'")));
    assert!(proxy.curled(&["http://other.test/"]).contains("GET"));
    let before = memory(proxy.pid(), "VmRSS");
    let file = proxy.path("packed");
    std::fs::write(&file, &packed).unwrap();
    // The second path is one that the cache would keep, were it not packed.
    for path in ["/page", "/v2/thing/blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000"] {
        let output = proxy.curl(&["--output", "-", &format!("http://api.test{path}")]);
        assert!(output.status.success() && output.stdout == packed, "{path}");
    }
    let upload = format!("@{}", file.display());
    let output =
        proxy.curl(&["-H", "Content-Encoding: gzip", "-H", "Expect:", "--data-binary", &upload, "http://api.test/"]);
    assert!(output.status.success() && output.stdout == packed);
    let grown = memory(proxy.pid(), "VmHWM").saturating_sub(before);
    assert!(grown < MOST, "{grown} KiB more");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_unpack_to_much_reach_nobody() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    assert!(proxy.curled(&["https://other.test/"]).contains("GET"));
    let (before, seen) = (memory(proxy.pid(), "VmRSS"), origin.seen.requests().len());
    // Indexed fields of the static table and the host as a literal (RFC 7541, section 6), which the table doesn't keep.
    let head = [&[0x82, 0x84, 0x87, 1, 8][..], b"api.test"].concat();
    // A field of 4,000 bytes that it keeps, and the same again in a byte each.
    let field = [&[0x40, 1, b'a', 0x7f, 0xa1, 0x1e][..], &[b'b'; 4000]].concat();
    let ask = async |again: &[u8]| {
        let mut tls = proxy.tls("api.test:443", "api.test", &[b"h2"]).await.unwrap();
        let request = frame(1, 5, 1, &[&head[..], &field, again].concat());
        tls.write_all(&[PREFACE, &frame(4, 0, 0, &[]), &request].concat()).await.unwrap();
        tls
    };
    // The control: with the field twice, it is a request like any other.
    let _small = ask(&[0xbe]).await;
    crate::fixture::until(|| origin.seen.requests().len() > seen).await;
    // Ten thousand times: 40 MB.
    let mut large = ask(&[0xbe; 10_000]).await;
    // By the end of the connection all that was sent has been read.
    large.shutdown().await.unwrap();
    let _ = timeout(PATIENCE, large.read_to_end(&mut Vec::new())).await.expect("the connection isn't ended");
    assert_eq!(origin.seen.requests().len(), seen + 1);
    let grown = memory(proxy.pid(), "VmHWM").saturating_sub(before);
    assert!(grown < MOST, "{grown} KiB more");
}
