//! An upstream that counts what is fetched from it, and a client that asks through a cache.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::channel::mpsc;
use futures::{SinkExt as _, StreamExt as _, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use octobot_proxy::cache::{Asked, Cache, CacheBody, CacheConfig, Fill, Lookup};
use octobot_proxy::policy::{Scheme, Target};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// The size of a piece that upstream sends, in bytes.
const PIECE_BYTES: usize = 10_000;

/// What upstream has, and how often it was asked.
#[derive(Debug, Default)]
pub struct Upstream {
    things: Mutex<HashMap<String, Thing>>,
    fetches: AtomicU64,
}

#[derive(Debug, Clone)]
struct Thing {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// A client of a cache.
#[derive(Debug, Clone)]
pub struct Client {
    pub cache: Cache,
    pub upstream: Arc<Upstream>,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub injected: Option<String>,
}

/// Where a response came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Kept,
    Followed,
    Fetched,
    Bypassed,
}

/// A response, read to its end.
#[derive(Debug)]
pub struct Got {
    pub from: From,
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body; the error where it was broken off.
    pub body: Result<Bytes, String>,
    /// What came of the body.
    pub came: Bytes,
}

/// A blob whose bytes depend on the seed.
pub fn blob(seed: u64, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let words = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect::<Vec<u8>>().into()
}

/// The path of a blob.
pub fn path_of(body: &[u8]) -> String {
    format!("/v2/library/thing/blobs/sha256:{:x}", Bytes::copy_from_slice(&Sha256::digest(body)))
}

/// A folder, and a cache in it.
pub fn cache() -> (TempDir, Cache) {
    let root = tempfile::tempdir().unwrap();
    let cache = open(&root, "project");
    (root, cache)
}

/// Opens a cache in a folder.
pub fn open(root: &TempDir, tenant: &str) -> Cache {
    Cache::open(&root.path().join("cache"), tenant, config("20GB")).unwrap()
}

/// A configuration with a size and a pattern.
pub fn config(size: &str) -> CacheConfig {
    CacheConfig { enabled: true, max_size: size.parse().unwrap(), patterns: vec!["^/files/".parse().unwrap()] }
}

/// The files of the entries in a cache's folder.
pub fn entries(root: &TempDir) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(root.path().join("cache/objects")).unwrap();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().path()).collect()
}

impl Ask {
    pub fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), headers: HeaderMap::new(), injected: None }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        self
    }
}

impl Upstream {
    /// Has a blob, and tells its path.
    pub fn has_blob(&self, body: &Bytes) -> String {
        let path = path_of(body);
        self.has(&path, StatusCode::OK, &[("content-type", "application/octet-stream")], body);
        path
    }

    /// Has something.
    pub fn has(&self, path: &str, status: StatusCode, headers: &[(&str, &str)], body: &Bytes) {
        let mut all = HeaderMap::new();
        all.insert("content-length", body.len().into());
        for (name, value) in headers {
            all.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let thing = Thing { status, headers: all, body: body.clone() };
        self.things.lock().unwrap().insert(path.to_owned(), thing);
    }

    /// How often it was asked.
    pub fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::Relaxed)
    }

    fn fetch(&self, path: &str) -> Thing {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        self.things.lock().unwrap().get(path).expect("upstream should have it").clone()
    }
}

impl Client {
    pub fn of(cache: &Cache) -> Self {
        Self { cache: cache.clone(), upstream: Arc::default() }
    }

    /// What the cache says.
    pub async fn lookup(&self, ask: &Ask) -> Lookup {
        let target = Target::parse("registry.example", Scheme::Https).unwrap();
        let Ask { method, path, headers, injected } = ask;
        self.cache.lookup(&Asked { target: &target, method, path, headers, injected: injected.as_deref() }).await
    }

    /// Asks, and reads the response.
    pub async fn ask(&self, ask: &Ask) -> Got {
        match self.lookup(ask).await {
            Lookup::Hit(response) => read(From::Kept, response).await,
            Lookup::Follow(response) => read(From::Followed, response).await,
            Lookup::Miss(fill) => {
                let thing = self.upstream.fetch(&ask.path);
                read(From::Fetched, answer(fill, thing).await).await
            }
            Lookup::Bypass => {
                let Thing { status, headers, body } = self.upstream.fetch(&ask.path);
                Got { from: From::Bypassed, status, headers, came: body.clone(), body: Ok(body) }
            }
        }
    }

    /// Asks for a path.
    pub async fn get(&self, path: &str) -> Got {
        self.ask(&Ask::get(path)).await
    }

    /// Asks for something that isn't there, and lets the caller send the body.
    pub async fn lead(&self, path: &str, length: usize) -> (Response<CacheBody>, Sender) {
        let Lookup::Miss(fill) = self.lookup(&Ask::get(path)).await else { panic!("it should be missing") };
        self.upstream.fetches.fetch_add(1, Ordering::Relaxed);
        let (sender, body) = mpsc::channel::<Result<Bytes, std::io::Error>>(0);
        let head = Response::builder().header("content-length", length).body(()).unwrap().into_parts().0;
        let response = fill.response(head, StreamBody::new(body.map(|piece| piece.map(Frame::data)))).await;
        (response, Sender(sender))
    }
}

/// Sends a body.
#[derive(Debug)]
pub struct Sender(mpsc::Sender<Result<Bytes, std::io::Error>>);

impl Sender {
    /// Sends a piece, and waits until it has been taken; whether anybody takes it.
    pub async fn send(&mut self, piece: impl Into<Bytes>) -> bool {
        self.0.send(Ok(piece.into())).await.is_ok()
    }

    /// Breaks off.
    pub async fn fail(mut self) {
        let _gone = self.0.send(Err(std::io::ErrorKind::ConnectionReset.into())).await;
    }
}

async fn answer(fill: Fill, thing: Thing) -> Response<CacheBody> {
    let mut response = Response::new(());
    *response.status_mut() = thing.status;
    *response.headers_mut() = thing.headers;
    let pieces: Vec<Bytes> = thing.body.chunks(PIECE_BYTES).map(Bytes::copy_from_slice).collect();
    let body = stream::iter(pieces).then(|piece| async {
        tokio::task::yield_now().await;
        Ok::<_, std::convert::Infallible>(Frame::data(piece))
    });
    fill.response(response.into_parts().0, StreamBody::new(body)).await
}

/// Reads a response to its end.
pub async fn read(from: From, response: Response<CacheBody>) -> Got {
    let (parts, mut body) = response.into_parts();
    let mut all = Vec::new();
    let mut failed = None;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => all.extend_from_slice(&frame.into_data().unwrap()),
            Err(error) => failed = Some(error.to_string()),
        }
    }
    let came = Bytes::from(all);
    let body = failed.map_or_else(|| Ok(came.clone()), Err);
    Got { from, status: parts.status, headers: parts.headers, body, came }
}

/// Says that a test didn't run. In CI nothing may be skipped.
pub fn skip(what: &str, why: &str) {
    eprintln!("SKIPPED: {what}: {why}");
    assert!(std::env::var_os("OCTOBOT_TEST_STRICT").is_none_or(|strict| strict != "1"), "{what} may not be skipped");
}

/// The thing with a number, small or large.
pub fn thing(number: u64) -> Bytes {
    blob(1000 + number, usize::try_from(number * number * number).unwrap() * 80 + 10)
}
