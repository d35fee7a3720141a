//! The host, and the proxies before it.

use std::env;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::certificates;
use crate::client::Client;
use crate::process::Server;

/// The host's name; it has those beneath it as well.
pub const HOST: &str = "bench.test";
/// The path of an answer of 1 KiB.
pub const SMALL: &str = "/small";
/// The path of an answer of 256 MiB.
pub const LARGE: &str = "/large";

/// The name of the proxy that all of this is about.
pub const OURS: &str = "octobot-proxy";
pub const NGINX: &str = "nginx";
pub const SQUID: &str = "squid";
pub const MITMPROXY: &str = "mitmproxy";
const HUDSUCKER: &str = "hudsucker";

/// Who squid becomes when root starts it: the user that its package makes.
const SQUID_USER: &str = "proxy";

/// Where `cargo xtask bench proxy` has put our proxy as it runs for real. Cargo builds it for a measurement with the features that tests
/// need.
const PROGRAM: &str = "OCTOBOT_BENCH_PROXY";

/// Where it has put mitmproxy.
const MITMDUMP: &str = "OCTOBOT_BENCH_MITMDUMP";

/// Where it has put the library hudsucker as a program.
const HUDSUCKER_PROGRAM: &str = "OCTOBOT_BENCH_HUDSUCKER";

/// How often it is looked at what a proxy has in memory that does nothing.
const IDLE_STARTS: usize = 5;

/// How a peer is asked.
pub enum Way {
    /// As the host itself.
    Reverse(SocketAddr),
    /// By CONNECT to the host's port.
    Proxy { address: SocketAddr, port: u16 },
}

/// A host with TLS.
pub struct Host {
    address: SocketAddr,
    _server: Server,
}

/// A proxy.
pub struct Peer {
    pub name: &'static str,
    pub way: Way,
    /// How many of the names that nobody has asked for have been asked for.
    pub asked: AtomicUsize,
    /// The memory that it had when it had done nothing, in KiB.
    pub idle_kib: f64,
    tls: Arc<ClientConfig>,
    server: Server,
}

impl Way {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Reverse(address) | Self::Proxy { address, .. } => *address,
        }
    }

    /// The port that clients mean.
    pub fn port(&self) -> u16 {
        match self {
            Self::Reverse(address) => address.port(),
            Self::Proxy { port, .. } => *port,
        }
    }
}

impl Host {
    /// Starts it; `None` without nginx.
    pub fn start(folder: &Path) -> Option<Self> {
        is_here("nginx").then_some(())?;
        let certificates = certificates::make(&[HOST, &format!("*.{HOST}")]);
        let root = folder.join("root");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("small"), [b'x'; 1024]).unwrap();
        fs::write(root.join("large"), vec![b'x'; 256 << 20]).unwrap();
        fs::write(folder.join("chain.pem"), &certificates.chain).unwrap();
        fs::write(folder.join("key.pem"), &certificates.key).unwrap();
        fs::write(folder.join("ca.pem"), &certificates.ca).unwrap();
        let address = free();
        let server = nginx(folder, 1, "host", &format!("server {{ listen {address} ssl; root {}; }}", root.display()));
        wait_for(address);
        Some(Self { address, _server: server })
    }
}

impl Peer {
    /// Those that are installed.
    pub fn all(folder: &Path, host: &Host) -> Vec<Self> {
        let others = [squid(folder, host), mitmproxy(folder, host), hudsucker(folder, host)];
        [ours(folder, host), through_nginx(folder, host)].into_iter().chain(others.into_iter().flatten()).collect()
    }

    /// One that listens and has done nothing.
    fn new(name: &'static str, way: Way, ca: &Path, server: Server) -> Self {
        Self { name, way, asked: AtomicUsize::new(0), idle_kib: server.memory_kib(), tls: trusting(ca), server }
    }

    /// A connection to a host by it.
    pub fn connect(&self, host: &str) -> Client {
        Client::connect(&self.way, host, &self.tls)
    }

    /// The processor time that it has taken.
    pub fn processor_seconds(&self) -> f64 {
        self.server.processor_seconds()
    }

    /// The memory that it has, in KiB.
    pub fn memory_kib(&self) -> f64 {
        self.server.memory_kib()
    }
}

/// What our proxy has in memory with a short configuration when it has nothing to do, in KiB: the median of some starts, since
/// how much of its file the kernel maps with each page differs from start to start.
pub fn idle_kib(folder: &Path) -> f64 {
    let mut starts: Vec<_> = (0..IDLE_STARTS).map(|_| idle_once(folder)).collect();
    starts.sort_by(f64::total_cmp);
    starts[IDLE_STARTS / 2]
}

/// Our proxy.
fn program() -> PathBuf {
    env::var_os(PROGRAM).map_or_else(|| env!("CARGO_BIN_EXE_octobot-proxy").into(), PathBuf::from)
}

fn idle_once(folder: &Path) -> f64 {
    let address = free();
    let config = folder.join("idle.yaml");
    fs::write(&config, "allowlist:\n  domains: ['*.anthropic.com', github.com]\n").unwrap();
    let mut command = Command::new(program());
    command.arg("--config").arg(config).arg("--data").arg(folder.join("idle"));
    command.args(["--listen", &address.to_string(), "--control", "none"]).env("OCTOBOT_PROXY_LOG", "warn");
    let server = Server::start(0, &command);
    wait_for(address);
    // What it does after it listens is over within a moment; nothing tells of that.
    std::thread::sleep(Duration::from_secs(1));
    server.resident_kib()
}

fn ours(folder: &Path, host: &Host) -> Peer {
    let (address, port) = (free(), host.address.port());
    let config = folder.join("config.yaml");
    let ca = folder.join("ca.pem");
    let names = names(|name| format!("    {name}: '127.0.0.1'\n"));
    let text = format!(
        "allowlist:
  domains: ['*.anthropic.com', github.com, {{ host: {HOST}, ports: [{port}] }}, {{ host: '*.{HOST}', ports: [{port}] }}]
headers:
  {HOST}: {{ set: {{ x-api-key: 0123456789abcdef }}, remove: [authorization], ports: [{port}] }}
upstream:
  roots: none
  extra_ca: ['{}']
  addresses:
    {HOST}: '127.0.0.1'
{names}",
        ca.display()
    );
    fs::write(&config, text).unwrap();
    let mut command = Command::new(program());
    command.arg("--config").arg(config).arg("--data").arg(folder.join("ours"));
    command.args(["--listen", &address.to_string(), "--control", "none", "--session", "bench"]);
    command.env("OCTOBOT_PROXY_LOG", "warn");
    let server = Server::start(0, &command);
    wait_for(address);
    Peer::new(OURS, Way::Proxy { address, port }, &folder.join("ours/certs/ca.crt"), server)
}

fn through_nginx(folder: &Path, host: &Host) -> Peer {
    let address = free();
    let ca = folder.join("ca.pem");
    let text = format!(
        "upstream host {{ server {}; keepalive 64; keepalive_requests 10000000; }}
         server {{ listen {address} ssl;
           location / {{ proxy_pass https://host; proxy_http_version 1.1; proxy_set_header Connection '';
             proxy_set_header Host $http_host; proxy_set_header x-api-key 0123456789abcdef;
             proxy_ssl_name {HOST}; proxy_ssl_server_name on; proxy_ssl_verify on; proxy_ssl_trusted_certificate {}; }} }}",
        host.address,
        ca.display()
    );
    let server = nginx(folder, 0, NGINX, &text);
    wait_for(address);
    Peer::new(NGINX, Way::Reverse(address), &ca, server)
}

fn squid(folder: &Path, host: &Host) -> Option<Peer> {
    const CERTGEN: &str = "/usr/lib/squid/security_file_certgen";
    if !is_here("squid") || !Path::new(CERTGEN).exists() {
        eprintln!("SKIPPED: squid isn't installed with TLS (squid-openssl)");
        return None;
    }
    let address = free();
    let here = folder.join("squid");
    fs::create_dir(&here).unwrap();
    let authority = authority(&here);
    let made =
        Command::new(CERTGEN).arg("-c").arg("-s").arg(here.join("certificates")).args(["-M", "4MB"]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let names = names(|name| format!("127.0.0.1 {name}\n"));
    fs::write(here.join("hosts"), format!("127.0.0.1 {HOST}\n{names}")).unwrap();
    let (root, ca) = (here.display(), folder.join("ca.pem"));
    let text = format!(
        "http_port {address} ssl-bump cert={} generate-host-certificates=on dynamic_cert_mem_cache_size=4MB\n\
         sslcrtd_program {CERTGEN} -s {root}/certificates -M 4MB\nsslcrtd_children 2 startup=2\n\
         ssl_bump bump all\ntls_outgoing_options cafile={}\nhosts_file {root}/hosts\nhttp_access allow all\n\
         request_header_add x-api-key 0123456789abcdef all\ncache deny all\ncache_mem 8 MB\naccess_log none\n\
         cache_log {root}/log\npid_filename {root}/pid\ncoredump_dir {root}\ncache_effective_user {SQUID_USER}\nworkers 1\n\
         max_filedescriptors 16384\nshutdown_lifetime 0 seconds\nlogfile_rotate 0\nnetdb_filename none\n",
        authority.display(),
        ca.display()
    );
    fs::write(here.join("squid.conf"), text).unwrap();
    // It becomes another user where it can, who has to get at its files.
    if rustix::process::geteuid().is_root() {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        let given = Command::new("chown").args(["-R", SQUID_USER]).arg(&here).status().unwrap();
        assert!(given.success());
    }
    let mut command = Command::new("squid");
    command.args(["--foreground", "-f"]).arg(here.join("squid.conf"));
    let server = Server::start(0, &command);
    wait_for(address);
    let way = Way::Proxy { address, port: host.address.port() };
    Some(Peer::new(SQUID, way, &here.join("ca.pem"), server))
}

fn mitmproxy(folder: &Path, host: &Host) -> Option<Peer> {
    let Some(program) = env::var_os(MITMDUMP).map(PathBuf::from).filter(|program| program.exists()) else {
        eprintln!("SKIPPED: mitmproxy isn't installed ({MITMDUMP})");
        return None;
    };
    let (address, port) = (free(), host.address.port());
    let here = folder.join("mitmproxy");
    fs::create_dir(&here).unwrap();
    let addon = format!(
        "def server_connect(data):\n    data.server.address = ('127.0.0.1', {port})\n\
         def request(flow):\n    flow.request.headers['x-api-key'] = '0123456789abcdef'\n"
    );
    fs::write(here.join("addon.py"), addon).unwrap();
    let mut command = Command::new(program);
    command.args(["--quiet", "--listen-host", "127.0.0.1", "--listen-port", &address.port().to_string()]);
    command.arg("--set").arg(format!("confdir={}", here.display())).arg("--scripts").arg(here.join("addon.py"));
    command.arg("--set").arg(format!("ssl_verify_upstream_trusted_ca={}", folder.join("ca.pem").display()));
    command.args(["--set", "connection_strategy=lazy", "--set", "stream_large_bodies=1m"]);
    let server = Server::start(0, &command);
    wait_for(address);
    let way = Way::Proxy { address, port };
    Some(Peer::new(MITMPROXY, way, &here.join("mitmproxy-ca-cert.pem"), server))
}

fn hudsucker(folder: &Path, host: &Host) -> Option<Peer> {
    let Some(program) = env::var_os(HUDSUCKER_PROGRAM).map(PathBuf::from).filter(|program| program.exists()) else {
        eprintln!("SKIPPED: hudsucker isn't built ({HUDSUCKER_PROGRAM})");
        return None;
    };
    let (address, own) = (free(), folder.join("hudsucker.pem"));
    let mut command = Command::new(program);
    command.arg(address.to_string()).arg(folder.join("ca.pem")).arg(&own);
    let server = Server::start(0, &command);
    wait_for(address);
    Some(Peer::new(HUDSUCKER, Way::Proxy { address, port: host.address.port() }, &own, server))
}

/// An authority in one file with its key, as squid wants it; its certificate alone is `ca.pem` beside it.
fn authority(folder: &Path) -> PathBuf {
    let (key, both) = (folder.join("ca.key"), folder.join("authority.pem"));
    let ca = folder.join("ca.pem");
    let mut make = Command::new("openssl");
    make.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=bench"]);
    make.args(["-addext", "basicConstraints=critical,CA:TRUE", "-keyout"]).arg(&key).arg("-out").arg(&ca);
    let output = make.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::write(&both, [fs::read(&ca).unwrap(), fs::read(&key).unwrap()].concat()).unwrap();
    both
}

fn nginx(folder: &Path, core: usize, name: &str, servers: &str) -> Server {
    let here = folder.join(format!("nginx-{name}"));
    fs::create_dir(&here).unwrap();
    let (root, certificates) = (here.display(), folder.display());
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let config = format!(
        "{user} daemon off; worker_processes 1; pid {root}/pid; error_log stderr crit; worker_rlimit_nofile 16384;
         events {{ worker_connections 8192; }}
         http {{
             access_log off; sendfile on; tcp_nodelay on; keepalive_requests 10000000; keepalive_timeout 600;
             default_type application/octet-stream; open_file_cache max=100;
             ssl_certificate {certificates}/chain.pem; ssl_certificate_key {certificates}/key.pem;
             client_body_temp_path {root}/temp1; proxy_temp_path {root}/temp2; fastcgi_temp_path {root}/temp3;
             uwsgi_temp_path {root}/temp4; scgi_temp_path {root}/temp5;
             {servers}
         }}"
    );
    let file = here.join("nginx.conf");
    fs::write(&file, config).unwrap();
    let mut command = Command::new("nginx");
    command.args(["-e", "stderr", "-c"]).arg(&file);
    Server::start(core, &command)
}

fn trusting(ca: &Path) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    // Each connection shakes hands in full.
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

fn is_here(program: &str) -> bool {
    Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap().status.success()
}

/// Says something of every name that nobody has asked for: not all peers know patterns of them.
fn names(say: impl Fn(&str) -> String) -> String {
    (0..100_000).map(|number| say(&format!("h{number}.{HOST}"))).collect::<Vec<_>>().concat()
}

/// A port that was free a moment ago: not all of them can tell which one they have got.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn wait_for(address: SocketAddr) {
    while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
}
