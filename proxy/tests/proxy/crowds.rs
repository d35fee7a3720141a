//! Crowds of clients that do nothing: that are silent, that send half a head, whose tunnels are idle. They cost little, hold
//! nobody up, and leave nothing behind.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use crate::fixture::{Fixture, PATIENCE, config, exchange, read_head, until};
use crate::load::memory;
use crate::origin::Origin;

/// How many there are where so many descriptors may be open.
const CROWD: usize = 10_000;

/// The most memory that one of them may take, in bytes.
const MOST_BYTES: u64 = 25_000;

/// The longest that one request in a hundred may take beside a crowd. Without one it takes some milliseconds.
const MOST_LATENCY: Duration = Duration::from_millis(100);

/// How many there can be, if each takes so many descriptors of a process.
fn crowd(descriptors: usize) -> usize {
    let limit = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
    let most = CROWD.min(limit.saturating_sub(300) / descriptors);
    println!("{most} clients, of {CROWD} wanted: {limit} descriptors may be open");
    most
}

/// What a proxy has without a crowd, and is to have again after it.
struct Before {
    resident: u64,
    descriptors: usize,
}

impl Before {
    async fn of(proxy: &Fixture) -> Self {
        assert!(proxy.curled(&["http://api.test/"]).contains("GET"));
        while_connected(proxy, |connections| connections > 0).await;
        // The log is opened when there is something to write.
        until(|| fs::metadata(proxy.path("data/log/access.ndjson")).is_ok_and(|log| log.len() > 0)).await;
        Self { resident: memory(proxy.pid(), "VmRSS"), descriptors: descriptors(proxy) }
    }

    /// Says what each of a crowd has cost at most, and fails if it is too much.
    fn check_memory(&self, proxy: &Fixture, most: usize) {
        let each = memory(proxy.pid(), "VmHWM").saturating_sub(self.resident) * 1024 / most as u64;
        println!("{each} bytes for each");
        assert!(each < MOST_BYTES, "{each} bytes for each");
    }

    /// Waits until the crowd has gone, and everything that it had.
    async fn returns(&self, proxy: &Fixture) {
        while_connected(proxy, |connections| connections > 0).await;
        until(|| descriptors(proxy) <= self.descriptors).await;
        assert!(proxy.curled(&["http://api.test/"]).contains("GET"));
    }
}

/// How many descriptors a proxy has.
fn descriptors(proxy: &Fixture) -> usize {
    fs::read_dir(format!("/proc/{}/fd", proxy.pid())).unwrap().count()
}

/// How many connections a proxy has.
async fn connections(proxy: &Fixture) -> usize {
    let mut stream = TcpStream::connect(proxy.control).await.unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    usize::try_from(body["connections"].as_u64().unwrap()).unwrap()
}

/// Waits for as long as so many connections are open.
async fn while_connected(proxy: &Fixture, waits: impl Fn(usize) -> bool) {
    let end = Instant::now() + PATIENCE;
    while waits(timeout(PATIENCE, connections(proxy)).await.expect("the control API is out of descriptors")) {
        assert!(Instant::now() < end, "{} connections", connections(proxy).await);
        sleep(Duration::from_millis(20)).await;
    }
}

/// Checks that a client beside the crowd is served as soon as ever.
async fn check_latency(proxy: &Fixture) {
    let mut stream = proxy.connect().await;
    let mut times = Vec::new();
    for _ in 0..200 {
        let asked = Instant::now();
        stream.write_all(b"HEAD http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n").await.unwrap();
        assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 200"));
        times.push(asked.elapsed());
    }
    times.sort();
    let most = times[times.len() * 99 / 100];
    println!("{} µs for a request, {} µs for all but one in a hundred", times[100].as_micros(), most.as_micros());
    assert!(most < MOST_LATENCY, "{most:?}");
}

/// The processor time that a process has taken.
fn processor_time(proxy: &Fixture) -> Duration {
    let threads = fs::read_dir(format!("/proc/{}/task", proxy.pid())).unwrap();
    let taken = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap());
    Duration::from_nanos(taken.map(|taken| taken.split(' ').next().unwrap().parse::<u64>().unwrap()).sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_cost_little_and_are_capped() {
    let origin = Origin::start().await;
    let most = crowd(1);
    let proxy = Fixture::start(&config(&origin, &format!("limits: {{ connections: {most} }}")));
    let before = Before::of(&proxy).await;
    let mut silent = Vec::with_capacity(most);
    for _ in 0..most - 1 {
        silent.push(proxy.connect().await);
    }
    while_connected(&proxy, |connections| connections < most - 1).await;
    before.check_memory(&proxy, most);
    // There is room for one more, and for none after that.
    check_latency(&proxy).await;
    while_connected(&proxy, |connections| connections > most - 1).await;
    silent.push(proxy.connect().await);
    while_connected(&proxy, |connections| connections < most).await;
    // The reset may come before the connection is made.
    if let Ok(refused) = TcpStream::connect(proxy.address).await {
        assert_eq!(exchange(refused, b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n").await, "");
    }
    proxy.tells("further connections are refused").await;
    drop(silent);
    before.returns(&proxy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_with_half_a_head_cost_little_and_are_ended() {
    let origin = Origin::start().await;
    let most = crowd(1);
    let proxy = Fixture::start(&config(&origin, ""));
    let before = Before::of(&proxy).await;
    let seen = origin.seen.requests().len();
    let mut slow = Vec::with_capacity(most);
    for _ in 0..most {
        slow.push(proxy.connect().await);
    }
    while_connected(&proxy, |connections| connections < most).await;
    let begun = Instant::now();
    for stream in &mut slow {
        stream.write_all(b"GET http://api.test/ HTTP/1.1\r\nHost: ap").await.unwrap();
    }
    let sent = Instant::now();
    assert!(sent - begun < Duration::from_secs(8), "this machine is too slow to send them before the first is ended");
    // Ten seconds is what a head may take. They are ended by the proxy: nobody here hangs up.
    before.returns(&proxy).await;
    let took = sent.elapsed();
    assert!(took < Duration::from_secs(14), "{took:?}");
    before.check_memory(&proxy, most);
    for stream in slow.iter_mut().step_by(most / 10) {
        let answer = read_head(stream).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    // Nothing of them went on; what did is the control before and after.
    assert_eq!(origin.seen.requests().len(), seen + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tunnels_that_are_idle_cost_little() {
    let origin = Origin::start().await;
    // Each has one at the client and one at the host, which is here as well.
    let most = crowd(2);
    let host = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (here, own) = (host.local_addr().unwrap(), format!("'pinned.test:443': '{}'", origin.secure));
    let proxy = Fixture::start(&config(&origin, "").replace(&own, &format!("'pinned.test:443': '{here}'")));
    let before = Before::of(&proxy).await;
    let hello = hello("pinned.test");
    let mut tunnels = Vec::with_capacity(most);
    for _ in 0..most {
        let (mut client, head) = proxy.tunnel("pinned.test:443").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        client.write_all(&hello).await.unwrap();
        let mut host = host.accept().await.unwrap().0;
        let mut arrived = vec![0; hello.len()];
        host.read_exact(&mut arrived).await.unwrap();
        host.write_all(b"answer").await.unwrap();
        client.read_exact(&mut [0; 6]).await.unwrap();
        tunnels.push((client, host));
    }
    before.check_memory(&proxy, most);
    check_latency(&proxy).await;
    drop(tunnels);
    before.returns(&proxy).await;
}

/// What a client of TLS says first.
fn hello(name: &str) -> Vec<u8> {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    let name = rustls::pki_types::ServerName::try_from(name.to_owned()).unwrap();
    let mut client = rustls::ClientConnection::new(std::sync::Arc::new(config), name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    hello
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
    while_connected(&proxy, |connections| connections < 64).await;
    first.write_all(b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n").await.unwrap();
    assert!(read_head(&mut first).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_descriptors_nothing_spins_and_who_is_connected_goes_on() {
    const REQUEST: &[u8] = b"HEAD http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n";
    let origin = Origin::start().await;
    let proxy = Fixture::start(&config(&origin, ""));
    let pid = Pid::from_raw(proxy.pid().try_into().unwrap());
    let mut first = proxy.connect().await;
    first.write_all(REQUEST).await.unwrap();
    assert!(read_head(&mut first).await.starts_with("HTTP/1.1 200"));
    let unchanged = getrlimit(Resource::Nofile);
    let none = Rlimit { current: Some(1), maximum: unchanged.maximum };
    let before = prlimit(pid, Resource::Nofile, none).unwrap();
    let mut waiting = proxy.connect().await;
    waiting.write_all(REQUEST).await.unwrap();
    proxy.tells("no further connection can be accepted for now").await;
    let before_that = processor_time(&proxy);
    // The time in which it might spin, or tell of it again and again.
    sleep(Duration::from_secs(2)).await;
    let taken = processor_time(&proxy).saturating_sub(before_that);
    assert!(taken < Duration::from_millis(200), "{taken:?} of 2 s");
    assert_eq!(proxy.told().matches("no further connection can be accepted").count(), 1, "{}", proxy.told());
    first.write_all(REQUEST).await.unwrap();
    assert!(read_head(&mut first).await.starts_with("HTTP/1.1 200"));
    prlimit(pid, Resource::Nofile, before).unwrap();
    assert!(read_head(&mut waiting).await.starts_with("HTTP/1.1 200"));
}
