//! The servers: nginx with files, and the cache behind plain HTTP. Each on the first core alone.

use std::convert::Infallible;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use http::{Method, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use octobot_proxy::cache::{Asked, Cache, CacheConfig, Lookup};
use octobot_proxy::policy::{Scheme, Target};
use rustix::process::Pid;

use crate::client::Measured;

/// Ends in the digest of [`BLOB_BYTES`] zeros.
pub const BLOB: &str =
    "/v2/library/thing/blobs/sha256:a6d72ac7690f53be6ae46ba88506bd97302a093f7108472bd9efc3cefda06484";
/// The length of the blob in bytes.
pub const BLOB_BYTES: usize = 256 << 20;
/// Ends in the digest of [`MANIFEST_BYTES`] zeros.
const MANIFEST: &str =
    "/v2/library/thing/manifests/sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
const MANIFEST_BYTES: usize = 1024;

/// nginx, until it is dropped.
pub struct Nginx {
    pub process: Measured,
    master: Child,
}

/// The cache, until it is dropped.
pub struct Server {
    pub process: Measured,
    child: Child,
}

impl Nginx {
    /// Starts it; `None` where it isn't installed.
    pub fn start(folder: &Path) -> Option<Self> {
        Command::new("nginx").arg("-v").stderr(Stdio::null()).status().ok()?;
        let root = folder.join("nginx");
        for (path, bytes) in [(BLOB, BLOB_BYTES), (MANIFEST, MANIFEST_BYTES)] {
            let file = root.join(&path[1..]);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, vec![0; bytes]).unwrap();
        }
        // A port that was free a moment ago: nginx can't tell which one it has got.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let root = root.display();
        let config = format!(
            "{user} daemon off; worker_processes 1; worker_cpu_affinity 01; pid {root}/pid; error_log stderr crit;
             events {{ worker_connections 1024; }}
             http {{
                 access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000;
                 open_file_cache max=100; default_type application/octet-stream;
                 client_body_temp_path {root}/temp1; proxy_temp_path {root}/temp2; fastcgi_temp_path {root}/temp3;
                 uwsgi_temp_path {root}/temp4; scgi_temp_path {root}/temp5;
                 server {{ listen {address}; root {root}; }}
             }}"
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, config).unwrap();
        let master = Command::new("nginx").arg("-e").arg("stderr").arg("-c").arg(&file).spawn().unwrap();
        let children = format!("/proc/{0}/task/{0}/children", master.id());
        let worker = until(|| fs::read_to_string(&children).unwrap().split_ascii_whitespace().next()?.parse().ok());
        until(|| std::net::TcpStream::connect(address).ok());
        let process = Measured { address, pid: Pid::from_raw(worker).unwrap(), manifest: MANIFEST.to_owned() };
        Some(Self { process, master })
    }
}

/// Waits for what another process does and doesn't tell.
pub fn until<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    loop {
        match ready() {
            Some(ready) => return ready,
            None => std::thread::yield_now(),
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let master = Pid::from_child(&self.master);
        let _gone = rustix::process::kill_process(master, rustix::process::Signal::TERM);
        let _ended = self.master.wait();
    }
}

impl Server {
    /// Starts it as a process of its own.
    pub fn start(folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg("serve").arg(folder.join("cache")).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
        let address = address.trim().parse().unwrap();
        let process = Measured { address, pid: Pid::from_child(&child), manifest: MANIFEST.to_owned() };
        Self { process, child }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Serves from the cache, forever. Tells its address when it holds what is asked for.
pub fn serve(folder: &Path) {
    crate::pin(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let cache = Cache::open(folder, "project", CacheConfig::default()).unwrap();
        keep(&cache, BLOB, BLOB_BYTES).await;
        keep(&cache, MANIFEST, MANIFEST_BYTES).await;
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let cache = cache.clone();
            let service = service_fn(move |request: hyper::Request<_>| answer(cache.clone(), request));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
}

async fn keep(cache: &Cache, path: &str, bytes: usize) {
    let request = hyper::Request::get(path).body(()).unwrap();
    let Lookup::Miss(fill) = look_up(cache, &request).await else { panic!("the cache is new") };
    let head = Response::builder()
        .header("content-length", bytes)
        .header("content-type", "application/octet-stream")
        .body(())
        .unwrap()
        .into_parts()
        .0;
    let response = fill.response(head, Full::new(Bytes::from(vec![0; bytes]))).await;
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), bytes);
}

async fn look_up<B>(cache: &Cache, request: &hyper::Request<B>) -> Lookup {
    // As the proxy does it, from what the client says.
    let host = request.headers().get("host").map_or("registry.example", |host| host.to_str().unwrap());
    let target = Target::parse(host, Scheme::Https).unwrap();
    let path = request.uri().path();
    let headers = request.headers();
    cache.lookup(&Asked { target: &target, method: &Method::GET, path, headers, injected: None }).await
}

async fn answer<B>(
    cache: Cache,
    request: hyper::Request<B>,
) -> Result<Response<octobot_proxy::cache::CacheBody>, Infallible> {
    let Lookup::Hit(response) = look_up(&cache, &request).await else { panic!("it is kept") };
    Ok(response)
}
