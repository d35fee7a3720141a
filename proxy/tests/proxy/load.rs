//! Much at once: bodies that are larger than any buffer, clients that don't read, connections that do nothing.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::fixture::{Fixture, PATIENCE, config, exchange, read_head};
use crate::origin::Origin;

/// How much memory a process has, in KiB.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_cost_little_and_are_capped() {
    let origin = Origin::start().await;
    // Each takes a descriptor here and one there.
    let limit = fs::read_to_string("/proc/self/limits").unwrap();
    let limit = limit.lines().find(|line| line.starts_with("Max open files")).unwrap().to_owned();
    let limit: usize = limit.split_whitespace().nth(3).unwrap().parse().unwrap_or(1024);
    let most = (limit.saturating_sub(300)).min(10_000);
    println!("{most} idle connections, of 10000 wanted: {limit} descriptors may be open");
    let proxy = Fixture::start(&config(&origin, &format!("limits: {{ connections: {most} }}")));
    assert!(proxy.curled(&["http://api.test/"]).contains("GET"));
    let before = resident(proxy.pid());
    let mut idle = Vec::with_capacity(most);
    for _ in 0..most - 1 {
        idle.push(proxy.connect().await);
    }
    let end = Instant::now() + Duration::from_secs(20);
    while connections(&proxy).await < most - 1 {
        assert!(Instant::now() < end);
        sleep(Duration::from_millis(20)).await;
    }
    let each = resident(proxy.pid()).saturating_sub(before) * 1024 / most as u64;
    println!("{each} bytes for each");
    assert!(each < 25_000, "{each} bytes for each");
    // There is room for one more, and for none after that.
    let mut last = proxy.connect().await;
    last.write_all(b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n").await.unwrap();
    assert!(read_head(&mut last).await.starts_with("HTTP/1.1 200"));
    // The reset may come before the connection is made.
    if let Ok(refused) = TcpStream::connect(proxy.address).await {
        assert_eq!(exchange(refused, b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n").await, "");
    }
    drop(idle);
    let end = Instant::now() + Duration::from_secs(20);
    while connections(&proxy).await > 1 {
        assert!(Instant::now() < end);
        sleep(Duration::from_millis(20)).await;
    }
    assert!(proxy.curled(&["http://api.test/"]).contains("GET"));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_leave_descriptors_for_hosts_and_for_the_control() {
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let pid = Pid::from_raw(proxy.pid().try_into().unwrap());
    let unchanged = getrlimit(Resource::Nofile);
    let few = Rlimit { current: Some(128), maximum: unchanged.maximum };
    // The proxy took all that it could have.
    let before = prlimit(pid, Resource::Nofile, few).unwrap();
    assert_eq!(before.current, before.maximum);
    let mut first = proxy.connect().await;
    let mut idle = Vec::new();
    for _ in 0..120 {
        // Those for which there is no place are reset, maybe at once.
        idle.extend(TcpStream::connect(proxy.address).await);
    }
    let end = Instant::now() + Duration::from_secs(20);
    while timeout(PATIENCE, connections(&proxy)).await.expect("the control API is out of descriptors") < 64 {
        assert!(Instant::now() < end);
        sleep(Duration::from_millis(20)).await;
    }
    first.write_all(b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n").await.unwrap();
    assert!(read_head(&mut first).await.starts_with("HTTP/1.1 200"));
}

async fn connections(proxy: &Fixture) -> usize {
    let mut stream = TcpStream::connect(proxy.control).await.unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    usize::try_from(body["connections"].as_u64().unwrap()).unwrap()
}
