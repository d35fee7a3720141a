//! The client of a proxy's control API, against a real proxy.
//!
//! The program is the one that `OCTOBOT_PROXY` names, else the one that was built along with this test.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures::StreamExt as _;
use octobot_proxy::log::{Decision, Filter, Protocol};
use octobot_server::sandbox::{Connection, Endpoint, ProxyClient, ProxyError, Secret};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A proxy that ends with the test, and a host that it may reach.
struct Fixture {
    address: SocketAddr,
    folder: TempDir,
    _process: Child,
}

fn program() -> PathBuf {
    let beside = || Path::new(env!("CARGO_BIN_EXE_octobot")).with_file_name("octobot-proxy");
    std::env::var_os("OCTOBOT_PROXY").map_or_else(beside, PathBuf::from)
}

/// A host that answers every request with five bytes.
async fn host() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
            let _ = stream.write_all(answer).await;
        }
    });
    address
}

impl Fixture {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "allowlist: {{ domains: [ok.test] }}\nupstream: {{ roots: none, addresses: {{ 'ok.test:80': '{}' }} }}\n",
            host().await
        );
        std::fs::write(folder.path().join("config.yaml"), config).unwrap();
        std::fs::write(folder.path().join("token"), TOKEN).unwrap();
        let control = format!("unix:{}", folder.path().join("control.sock").display());
        let mut process = Command::new(program())
            .current_dir(folder.path())
            .args(["--config", "config.yaml", "--data", "data", "--token-file", "token", "--log-format", "json"])
            .args(["--listen", "127.0.0.1:0", "--control", &control])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (mut address, mut is_controlled) = (None, false);
        while address.is_none() || !is_controlled {
            let line = lines.next_line().await.unwrap().expect("the proxy ends before it listens");
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            match line["fields"]["listener"].as_str() {
                Some("Proxy") => address = line["fields"]["address"].as_str().map(|text| text.parse().unwrap()),
                Some("Control") => is_controlled = true,
                _ => {}
            }
        }
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { address: address.unwrap(), folder, _process: process }
    }

    fn client(&self, token: &str) -> ProxyClient {
        let endpoint = Endpoint::Unix(self.folder.path().join("control.sock"));
        ProxyClient::new(Connection { endpoint, token: Secret::new(token.to_owned()) })
    }

    /// Asks for a page through the proxy, and reads the answer to its end.
    async fn fetch(&self, url: &str) -> String {
        let host = url.split('/').nth(2).unwrap();
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {url} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

#[tokio::test]
async fn what_passes_a_proxy_is_read_filtered_counted_and_followed() {
    let proxy = Fixture::start().await;
    let client = proxy.client(TOKEN);
    assert!(proxy.fetch("http://ok.test/one?secret").await.ends_with("hello"));
    assert!(proxy.fetch("http://other.test/two").await.contains("403"));

    let all = client.log(0, &Filter::default(), 500).await.unwrap();
    let seen: Vec<_> = all.records.iter().map(|record| (record.host.as_str(), record.decision)).collect();
    assert_eq!(seen, [("ok.test", Decision::Allow), ("other.test", Decision::Deny)]);
    let first = &all.records[0];
    assert_eq!((first.protocol, first.path.as_deref(), first.bytes_down), (Protocol::Http, Some("/one"), 5));
    for filter in [
        Filter { host: Some(".test".to_owned()), decision: Some(Decision::Deny), status: Some(403) },
        Filter { host: Some("other.test".to_owned()), ..Filter::default() },
    ] {
        let page = client.log(0, &filter, 500).await.unwrap();
        assert_eq!((page.records.len(), page.records[0].number, page.last), (1, 2, 2), "{filter:?}");
    }
    let odd = Filter { host: Some("a&status=403 é".to_owned()), ..Filter::default() };
    assert_eq!(client.log(0, &odd, 500).await.unwrap().records, []);

    let hosts = client.hosts().await.unwrap();
    assert_eq!((hosts["ok.test"].allowed, hosts["ok.test"].bytes_down, hosts["other.test"].denied), (1, 5, 1));
    assert_eq!(client.cache_stats().await.unwrap().entries, 0);
    client.clear_cache().await.unwrap();

    let mut pages = Box::pin(client.follow(1, &Filter::default()).await.unwrap());
    let mut next = async || tokio::time::timeout(PATIENCE, pages.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(next().await.records[0].number, 2);
    proxy.fetch("http://ok.test/three").await;
    let news = next().await;
    assert_eq!((news.records[0].path.as_deref(), news.last), (Some("/three"), 3));
}

#[tokio::test]
async fn a_wrong_token_and_a_proxy_that_is_gone_are_told_apart() {
    let proxy = Fixture::start().await;
    let refused = proxy.client("another token, just as long as it").hosts().await;
    assert!(matches!(refused, Err(ProxyError::Refused { status, .. }) if status == 401), "{refused:?}");
    let client = proxy.client(TOKEN);
    drop(proxy);
    let gone = client.hosts().await;
    assert!(matches!(gone, Err(ProxyError::Unreachable { .. })), "{gone:?}");
}
