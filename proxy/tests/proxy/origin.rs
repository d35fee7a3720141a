//! A host that counts every byte that reaches it: HTTP/1.1 and HTTP/2, with TLS and without.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _, stream};
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::certificates::{self, Certificates};

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The names that the host has a certificate for.
const NAMES: [&str; 9] = [
    "api.test",
    "other.test",
    "a.sub.test",
    "denied.sub.test",
    "evil.test",
    "limited.test",
    "ports.test",
    "pinned.test",
    "localhost",
];

/// What every blob is, whatever it is called.
pub const BLOB: &str = "the content of a blob";

/// The host.
pub struct Origin {
    pub secure: SocketAddr,
    pub plain: SocketAddr,
    pub seen: Arc<Seen>,
    ca: String,
    pub key_pem: String,
    pub chain_pem: String,
}

/// What reached the host.
#[derive(Default)]
pub struct Seen {
    pub connections: AtomicU64,
    pub bytes: AtomicU64,
    closed: AtomicU64,
    requests: Mutex<Vec<String>>,
}

impl Seen {
    /// The requests, as text.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How many bytes arrived.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    pub fn open(&self) -> u64 {
        self.connections() - self.closed.load(Ordering::SeqCst)
    }

    /// How many connections there were.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Origin {
    /// Starts the host.
    pub async fn start() -> Self {
        let Certificates { ca, chain, key } = certificates::make(&NAMES);
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let seen = Arc::new(Seen::default());
        let secure = listen(Arc::clone(&seen), Some(acceptor)).await;
        let plain = listen(Arc::clone(&seen), None).await;
        Self { secure, plain, seen, ca, key_pem: key, chain_pem: chain }
    }

    /// Who signed for it.
    pub fn ca_pem(&self) -> &str {
        &self.ca
    }
}

async fn listen(seen: Arc<Seen>, acceptor: Option<TlsAcceptor>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            seen.connections.fetch_add(1, Ordering::SeqCst);
            let stream = Counted { stream, seen: Arc::clone(&seen) };
            tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&seen)));
        }
    });
    address
}

async fn serve(stream: Counted, acceptor: Option<TlsAcceptor>, seen: Arc<Seen>) {
    let service = service_fn(move |request| {
        let seen = Arc::clone(&seen);
        async move { Ok::<_, Infallible>(answer(request, &seen).await) }
    });
    let Some(acceptor) = acceptor else {
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
        return;
    };
    let Ok(stream) = acceptor.accept(stream).await else { return };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    } else {
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    }
}

async fn answer(mut request: Request<Incoming>, seen: &Seen) -> Response<Body> {
    let mut text = format!("{} {} {:?}\n", request.method(), request.uri(), request.version());
    for (name, value) in request.headers() {
        writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes())).unwrap();
    }
    seen.requests.lock().unwrap().push(text.clone());
    match request.uri().path() {
        "/upload" => {
            let mut total = 0;
            while let Some(Ok(frame)) = request.body_mut().frame().await {
                total += frame.data_ref().map_or(0, Bytes::len);
            }
            whole(format!("{total}"))
        }
        "/download" => download(request.uri().query().and_then(|count| count.parse().ok()).unwrap()),
        "/range" => range(&request),
        "/events" => events(),
        "/never" => std::future::pending().await,
        "/trailers" => trailers(request),
        "/redirect" => {
            let mut response = whole(String::new());
            *response.status_mut() = StatusCode::FOUND;
            response.headers_mut().insert(header::LOCATION, "https://evil.test/landing".parse().unwrap());
            response
        }
        "/socket" => socket(&mut request),
        path if path.starts_with("/v2/") => {
            let mut response = whole(BLOB.to_owned());
            response.headers_mut().insert(header::CONTENT_TYPE, "application/octet-stream".parse().unwrap());
            response
        }
        _ => whole(text),
    }
}

fn whole(text: String) -> Response<Body> {
    Response::new(Full::new(Bytes::from(text)).boxed_unsync())
}

/// So many megabytes.
fn download(megabytes: usize) -> Response<Body> {
    let chunk = Bytes::from(vec![b'x'; 1 << 20]);
    let frames = stream::iter((0..megabytes).map(move |_| Ok(Frame::data(chunk.clone()))));
    Response::new(StreamBody::new(frames).boxed_unsync())
}

fn range(request: &Request<Incoming>) -> Response<Body> {
    let data = b"0123456789";
    let range = request.headers().get(header::RANGE).and_then(|range| range.to_str().ok());
    let range = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let Some((first, last)) = range else { return whole(String::from_utf8_lossy(data).into_owned()) };
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    let mut response = whole(String::from_utf8_lossy(&data[first..=last]).into_owned());
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let told = format!("bytes {first}-{last}/10");
    response.headers_mut().insert(header::CONTENT_RANGE, told.parse().unwrap());
    response
}

/// Two events, the second of which comes only when the first one has been sent for a while; the stream doesn't end.
fn events() -> Response<Body> {
    let first = stream::once(async { Ok(Frame::data(Bytes::from_static(b"data: one\n\n"))) });
    let never = stream::pending();
    let mut response = Response::new(StreamBody::new(first.chain(never)).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_TYPE, "text/event-stream".parse().unwrap());
    response
}

/// Echoes the body, and ends with trailers as gRPC does.
fn trailers(request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let te = head.headers.get(header::TE).cloned();
    let frames = stream::unfold(Some(body), move |state| {
        let te = te.clone();
        async move {
            let mut body = state?;
            loop {
                match body.frame().await {
                    Some(Ok(frame)) if frame.is_data() => return Some((Ok(frame), Some(body))),
                    Some(_) => {}
                    None => {
                        let mut trailers = HeaderMap::new();
                        trailers.insert("grpc-status", "0".parse().unwrap());
                        if let Some(te) = te {
                            trailers.insert("te-was", te);
                        }
                        return Some((Ok(Frame::trailers(trailers)), None));
                    }
                }
            }
        }
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_TYPE, "application/grpc".parse().unwrap());
    response
}

/// A WebSocket that echoes.
fn socket(request: &mut Request<Incoming>) -> Response<Body> {
    let key = derive_accept_key(request.headers()["sec-websocket-key"].as_bytes());
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let stream = TokioIo::new(upgrade.await.unwrap());
        let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        while let Some(Ok(message)) = socket.next().await {
            if message.is_close() || socket.send(message).await.is_err() {
                break;
            }
        }
    });
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header("sec-websocket-accept", key);
    response.body(Full::new(Bytes::new()).boxed_unsync()).unwrap()
}

/// Counts what is read.
struct Counted {
    stream: TcpStream,
    seen: Arc<Seen>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.seen.closed.fetch_add(1, Ordering::SeqCst);
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, out);
        self.seen.bytes.fetch_add((out.filled().len() - before) as u64, Ordering::SeqCst);
        outcome
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
