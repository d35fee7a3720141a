//! gRPC, by its own implementation on both sides, and with nginx between the proxy and the host.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::certificates::{self, Certificates};
use crate::fixture::{CANARY, Fixture, is_here, skip};
use crate::nginx::Nginx;

/// Debian's Python, for which grpcio is packaged, and others that may have it.
const PYTHONS: [&str; 2] = ["/usr/bin/python3", "python3"];

/// The hosts' names: gRPC's server, nginx before it, the same server with few calls allowed, and none that may be reached.
const NAMES: [&str; 4] = ["grpc.test", "nginx.test", "limited.test", "evil.test"];

/// All that the client can do.
const CALLS: [&str; 9] = ["echo", "large", "count", "add", "converse", "fail", "fail_late", "cancel", "late"];

/// gRPC's own server. It ends when this is dropped, as its standard input does.
struct Host {
    process: Child,
    port: u16,
}

impl Host {
    fn start(python: &str, folder: &Path, certificates: &Certificates) -> Self {
        let file = |name: &str, content: &str| {
            let path = folder.join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let mut command = Command::new(python);
        command.arg(file("host.py", include_str!("grpc/host.py")));
        command.arg(file("chain.pem", &certificates.chain)).arg(file("key.pem", &certificates.key));
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { process, port: line.trim().parse().expect("gRPC's server doesn't start") }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The hosts, and a proxy before them.
struct Scene {
    proxy: Fixture,
    client: PathBuf,
    python: &'static str,
    folder: tempfile::TempDir,
    _host: Host,
    _nginx: Nginx,
}

impl Scene {
    fn start() -> Option<Self> {
        let python = python()?;
        if !is_here("nginx") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let certificates = certificates::make(&NAMES);
        let host = Host::start(python, folder.path(), &certificates);
        let servers = |secure: u16, _| {
            format!(
                "server {{ listen 127.0.0.1:{secure} ssl http2;
                   location / {{ grpc_pass grpcs://127.0.0.1:{}; }} }}",
                host.port
            )
        };
        let nginx = Nginx::start(&folder.path().join("nginx"), &certificates, servers);
        let ca = certificates.ca.replace('\n', "\n      ");
        let address = |name: &str| if name == "nginx.test" { nginx.secure } else { host.port };
        let addresses = NAMES.map(|name| format!("    {name}: '127.0.0.1:{}'\n", address(name))).concat();
        let proxy = Fixture::start(&format!(
            "allowlist:\n  domains: [grpc.test, nginx.test, {{ host: limited.test, paths: ['/test.Calls/Echo'] }}]\n\
             headers:\n  '*.test': {{ set: {{ x-api-key: {CANARY} }} }}\n\
             upstream:\n  roots: none\n  extra_ca:\n    - |\n      {ca}\n  addresses:\n{addresses}"
        ));
        let client = folder.path().join("client.py");
        std::fs::write(&client, include_str!("grpc/client.py")).unwrap();
        Some(Self { proxy, client, python, folder, _host: host, _nginx: nginx })
    }

    /// Makes calls to a host, and returns what the client tells of each.
    fn call(&self, host: &str, calls: &[&str]) -> Value {
        let mut command = Command::new(self.python);
        command.arg(&self.client).arg(format!("{host}:443")).arg(self.proxy.ca()).args(calls).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.folder.path());
        let output = command.env("https_proxy", format!("http://{}", self.proxy.address)).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{host}: {err}{out}");
        serde_json::from_str(&out).unwrap()
    }
}

/// A Python that has grpcio.
fn python() -> Option<&'static str> {
    let has_grpc = |program: &&str| {
        let tried = Command::new(program).args(["-c", "import grpc"]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let found = PYTHONS.into_iter().find(has_grpc);
    if found.is_none() {
        skip("Python with grpcio isn't installed");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_grpc_call_goes_through() {
    let Some(scene) = Scene::start() else { return };
    for host in ["grpc.test", "nginx.test"] {
        let expected = json!({
            "echo": ["hello", "head", "5", CANARY, true, "OK"],
            "large": true,
            "count": true,
            "add": 1_000_000,
            "converse": ["cba", "fed", "ihg", "OK"],
            "fail": ["FAILED_PRECONDITION", "not now: ü", "because"],
            "fail_late": ["begun", "DATA_LOSS", "the rest is gone"],
            "cancel": ["begun", "CANCELLED", "True"],
            "late": ["begun", "DEADLINE_EXCEEDED", "True"],
        });
        assert_eq!(scene.call(host, &CALLS), expected, "{host}");
        let record = scene.proxy.record(|record| record["host"] == host && record["path"] == "/test.Calls/Count").await;
        assert_eq!((&record["method"], &record["status"]), (&json!("POST"), &json!(200)), "{record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grpc_call_that_isnt_allowed_hears_why() {
    let Some(scene) = Scene::start() else { return };
    let told = scene.call("limited.test", &["echo", "count"]);
    assert_eq!(told["echo"][5], "OK", "{told}");
    let [code, details] = [0, 1].map(|at| told["count"][at].as_str().unwrap().to_owned());
    assert_eq!(code, "PERMISSION_DENIED", "{told}");
    assert!(details.contains("the network policy doesn't allow this: methods and paths of"), "{told}");
    // Of a refused connection its implementation tells the status alone.
    let told = scene.call("evil.test", &["echo"]);
    assert_eq!(told["echo"][0], "UNAVAILABLE", "{told}");
    let record = scene.proxy.record(|record| record["host"] == "evil.test").await;
    assert_eq!(record["decision"], "deny");
}
