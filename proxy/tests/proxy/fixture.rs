//! A running proxy, and clients for it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::origin::Origin;

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The control API's token.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// What must never be seen where it doesn't belong.
pub const CANARY: &str = "canary-7f3a91c2";

/// A proxy that ends with the test.
pub struct Fixture {
    pub address: SocketAddr,
    pub control: SocketAddr,
    /// Where else it listens, by the kind of listener.
    pub listeners: Vec<(String, SocketAddr)>,
    folder: TempDir,
    process: Child,
    told: watch::Receiver<String>,
}

/// The configuration that most tests have: names of the origin, and what is added to it.
pub fn config(origin: &Origin, more: &str) -> String {
    let (secure, plain) = (origin.secure, origin.plain);
    let ca = origin.ca_pem().replace('\n', "\n      ");
    format!(
        "allowlist:\n  domains: [api.test, other.test, '*.sub.test', {{ host: ports.test, ports: [8443] }}, \
         {{ host: limited.test, methods: [GET], paths: ['/open/**'] }}]\n  exempt: [pinned.test]\n  \
         deny: {{ domains: [denied.sub.test] }}\nupstream:\n  roots: none\n  extra_ca:\n    - |\n      {ca}\n  addresses:\n    \
         'api.test:443': '{secure}'\n    'api.test:80': '{plain}'\n    'other.test:443': '{secure}'\n    \
         'other.test:80': '{plain}'\n    'a.sub.test:443': '{secure}'\n    'denied.sub.test:443': '{secure}'\n    \
         'evil.test:443': '{secure}'\n    'evil.test:80': '{plain}'\n    'limited.test:443': '{secure}'\n    \
         'limited.test:80': '{plain}'\n    'ports.test:8443': '{secure}'\n    'pinned.test:443': '{secure}'\n{more}\n"
    )
    .replace("domains: [api.test,", "domains: [api.test, pinned.test,")
}

impl Fixture {
    /// Starts a proxy with a configuration.
    pub fn start(config: &str) -> Self {
        Self::start_with(config, &[])
    }

    /// Starts a proxy with a configuration and further arguments.
    pub fn start_with(config: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.yaml"), config).unwrap();
        fs::write(folder.path().join("token"), TOKEN).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_octobot-proxy"))
            .current_dir(folder.path())
            .args(["--config", "config.yaml", "--data", "data", "--token-file", "token", "--log-format", "json"])
            .args(["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--session", "test"])
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (record, told) = watch::channel(String::new());
        let mut listeners = Vec::new();
        while !listeners.iter().any(|(kind, _)| kind == "Control") {
            let line = lines.next().expect("the proxy ends before it listens").unwrap();
            let line: Value = serde_json::from_str(&line).unwrap();
            let fields = &line["fields"];
            if let (Some(kind), Some(address)) = (fields["listener"].as_str(), fields["address"].as_str()) {
                listeners.push((kind.to_owned(), address.parse().unwrap()));
            }
        }
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                record.send_modify(|told| {
                    told.push_str(&line);
                    told.push('\n');
                });
            }
        });
        let find = |wanted: &str| listeners.iter().find(|(kind, _)| kind == wanted).unwrap().1;
        Self { address: find("Proxy"), control: find("Control"), listeners, folder, process, told }
    }

    /// Where a kind of listener listens.
    pub fn listener(&self, wanted: &str) -> SocketAddr {
        self.listeners.iter().find(|(kind, _)| kind == wanted).unwrap().1
    }

    /// What the proxy told about itself.
    pub fn told(&self) -> String {
        self.told.borrow().clone()
    }

    /// Waits until the proxy tells something about itself.
    pub async fn tells(&self, wanted: &str) {
        let mut told = self.told.clone();
        let outcome = timeout(PATIENCE, told.wait_for(|told| told.contains(wanted))).await;
        assert!(outcome.is_ok_and(|told| told.is_ok()), "{wanted:?} isn't told: {}", self.told());
    }

    /// A file or folder of the proxy's.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The certificate that clients trust.
    pub fn ca(&self) -> PathBuf {
        self.path("data/certs/ca.crt")
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until the proxy has ended: nothing more can come from its standard error then.
    pub async fn ended(&mut self) {
        while self.told.changed().await.is_ok() {}
        self.process.wait().unwrap();
    }

    /// Runs curl through the proxy.
    pub fn curl(&self, arguments: &[&str]) -> Output {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "20", "--proxy", &format!("http://{}", self.address)])
            .arg("--cacert")
            .arg(self.ca())
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .output();
        output.unwrap()
    }

    /// What curl writes.
    #[track_caller]
    pub fn curled(&self, arguments: &[&str]) -> String {
        let output = self.curl(arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {err}{out}");
        out.into_owned()
    }

    /// A connection to the proxy.
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection through the proxy to `host:port`, and what CONNECT was answered with.
    pub async fn tunnel(&self, target: &str) -> (TcpStream, String) {
        let mut stream = self.connect().await;
        stream.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes()).await.unwrap();
        let head = read_head(&mut stream).await;
        (stream, head)
    }

    /// TLS through the proxy, to a host by another name maybe.
    pub async fn tls(&self, target: &str, name: &str, alpn: &[&[u8]]) -> std::io::Result<TlsStream<TcpStream>> {
        let (stream, head) = self.tunnel(target).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        self.tls_over(stream, name, alpn).await
    }

    /// TLS over a connection.
    pub async fn tls_over(
        &self,
        stream: TcpStream,
        name: &str,
        alpn: &[&[u8]],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let pem = fs::read(self.ca()).unwrap();
        connector(&pem, alpn).connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
    }

    /// Asks the control API.
    pub async fn ask(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(path).header("host", "control");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = request.header("content-type", "application/json").body(Full::new(Bytes::from(body))).unwrap();
        let response = send(TcpStream::connect(self.control).await.unwrap(), request).await;
        let status = response.status().as_u16();
        let body = response.into_body();
        (status, serde_json::from_slice(&body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body))))
    }

    /// The records of the log, once there are some that `enough` takes.
    pub async fn records(&self, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            let (_, page) = self.ask("GET", "/api/log", Some(TOKEN), &Value::Null).await;
            let records = page["records"].as_array().unwrap().clone();
            if enough(&records) {
                return records;
            }
            assert!(Instant::now() < end, "{records:#?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The first record that a test is about.
    pub async fn record(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        let records = self.records(|records| records.iter().any(&is_it)).await;
        records.into_iter().find(is_it).unwrap()
    }

    /// Writes bytes to a new connection and returns what comes back until it ends.
    pub async fn exchange(&self, bytes: &[u8]) -> String {
        exchange(self.connect().await, bytes).await
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Speaks TLS with whoever a certificate authority signed for.
pub fn connector(ca_pem: &[u8], alpn: &[&[u8]]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// Writes bytes and returns what comes back until the connection ends.
pub async fn exchange(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, bytes: &[u8]) -> String {
    // The proxy may have heard enough before the end.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    // A reset is an end as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection isn't ended");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads to the empty line.
pub async fn read_head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match timeout(PATIENCE, stream.read_u8()).await.expect("no head comes") {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Sends one HTTP/1 request over a connection.
pub async fn send(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Response<Bytes> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let response = timeout(PATIENCE, sender.send_request(request)).await.unwrap().unwrap();
    let (head, body) = response.into_parts();
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

/// Waits until something is so that nobody tells of.
pub async fn until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end);
        sleep(Duration::from_millis(20)).await;
    }
}

/// Whether a program is here; says so if not, and fails where nothing may be skipped.
pub fn is_here(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        skip(&format!("{program} isn't installed"));
    }
    found
}

/// Says why a test is skipped; fails where nothing may be.
pub fn skip(why: &str) {
    println!("skipped: {why}");
    let strict = std::env::var_os("OCTOBOT_TEST_STRICT").is_some_and(|strict| strict == "1");
    assert!(!strict, "{why}, and nothing may be skipped");
}
