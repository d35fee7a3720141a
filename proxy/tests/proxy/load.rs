//! Much at once: bodies that are larger than any buffer, clients that don't read.

use std::fs;

use tokio::io::AsyncWriteExt as _;

use crate::fixture::{Fixture, config, read_head};
use crate::origin::Origin;

/// How much memory a process has, in KiB.
fn resident(pid: u32) -> u64 {
    memory(pid, "VmRSS")
}

/// A kind of memory that a process has, in KiB.
pub fn memory(pid: u32, kind: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(kind)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_go_through_in_little_memory() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    assert!(proxy.curled(&["https://api.test/"]).contains("GET"));
    let before = resident(proxy.pid());
    let file = proxy.path("body");
    fs::File::create(&file).unwrap().set_len(256 << 20).unwrap();
    for protocol in ["--http1.1", "--http2"] {
        let size =
            proxy.curled(&[protocol, "-o", "/dev/null", "-w", "%{size_download}", "https://api.test/download?256"]);
        assert_eq!(size, (256 << 20).to_string());
        let sent = proxy.curled(&[protocol, "-H", "Expect:", "-T", file.to_str().unwrap(), "https://api.test/upload"]);
        assert_eq!(sent, (256 << 20).to_string());
    }
    let grown = resident(proxy.pid()).saturating_sub(before);
    assert!(grown < 48 * 1024, "{grown} KiB more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_doesnt_read_holds_nothing_up_but_itself() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    assert!(proxy.curled(&["http://api.test/"]).contains("GET"));
    let before = resident(proxy.pid());
    let mut stuck = Vec::new();
    for _ in 0..20 {
        let mut stream = proxy.connect().await;
        stream.write_all(b"GET http://api.test/download?64 HTTP/1.1\r\nHost: api.test\r\n\r\n").await.unwrap();
        read_head(&mut stream).await;
        stuck.push(stream);
    }
    assert!(proxy.curled(&["http://api.test/"]).contains("GET"));
    let grown = resident(proxy.pid()).saturating_sub(before);
    assert!(grown < 48 * 1024, "{grown} KiB more");
}
