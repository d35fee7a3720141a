//! Connections to hosts that are kept for the next request.
//!
//! A connection is used again for the same host, port and scheme only, and only while its address is among those that the
//! policy permits now.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, Uri, Version, header};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};

use super::body::RequestBody;
use super::dial::{DialError, Dialer, Route};
use crate::policy::{Scheme, Target};

/// How long a connection is kept without a request.
const KEPT: Duration = Duration::from_mins(1);

/// How many are kept for one host.
const MOST: usize = 64;

/// How much HTTP/2 may be under way to us: as much as the fastest path needs, and no more for each that stalls.
const WINDOW: u32 = 1 << 20;

/// How much of an HTTP/1 answer waits for a client that doesn't read it, and how long the head of one may be.
const BUFFER: usize = 128 * 1024;

/// What a request needs of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// HTTP/1.1, as the client speaks it: what HTTP/2 can't say goes through as well.
    Http1,
    /// HTTP/2 if the host speaks it.
    Http2,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There is no connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection broke.
    #[error("the host ended the connection: {0}")]
    Broken(#[from] hyper::Error),
    /// The head of the answer didn't come, or the request didn't go.
    #[error("the host doesn't answer")]
    Late,
}

/// Connections that are kept. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dialer: Dialer,
    answer: Duration,
    hosts: Mutex<HashMap<Target, Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    idle: Vec<(One, Instant)>,
    shared: Option<Two>,
}

/// An HTTP/1 connection.
#[derive(Debug)]
struct One {
    sender: http1::SendRequest<RequestBody>,
    address: Option<IpAddr>,
    /// What the host was offered. One that was offered HTTP/2 as well doesn't speak it.
    offered: Wanted,
}

/// An HTTP/2 connection.
#[derive(Debug, Clone)]
struct Two {
    sender: http2::SendRequest<RequestBody>,
    address: Option<IpAddr>,
}

#[derive(Debug)]
enum Link {
    One(One),
    Two(Two),
}

/// The answer; with an error comes the request, if nothing of it was sent.
type Sent = Result<Response<Incoming>, (hyper::Error, Option<Request<RequestBody>>)>;

/// What an answer came over. Given back when the answer has been read to its end.
#[derive(Debug)]
pub struct Pooled {
    /// The address that answered, unless another proxy knows it alone.
    pub address: Option<IpAddr>,
    one: Option<(One, Target, Weak<Inner>)>,
}

impl Pooled {
    /// Keeps the connection for the next request.
    pub fn give_back(&mut self) {
        if let Some((one, target, pool)) = self.one.take()
            && let Some(pool) = pool.upgrade()
            && !one.sender.is_closed()
        {
            Pool(pool).keep(target, one);
        }
    }
}

impl Pool {
    /// Without a connection yet.
    pub fn new(dialer: Dialer, answer: Duration) -> Self {
        Self(Arc::new(Inner { dialer, answer, hosts: Mutex::default() }))
    }

    /// Whether this is the other one.
    #[cfg(test)]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What makes connections.
    pub fn dialer(&self) -> &Dialer {
        &self.0.dialer
    }

    /// Sends a request, whose URI is whole, and waits for the head of the answer.
    pub async fn send(
        &self,
        route: &Route,
        wanted: Wanted,
        mut request: Request<RequestBody>,
    ) -> Result<(Response<Incoming>, Pooled), SendError> {
        loop {
            let kept = self.take(route, wanted).await;
            let is_kept = kept.is_some();
            let mut link = match kept {
                Some(link) => link,
                // In a box of its own: it is large, rare, and would be moved with every request.
                None => Box::pin(self.dial(route, wanted)).await?,
            };
            // A host may close a connection at the moment in which it is used again.
            let spare = if is_kept { repeatable(&request) } else { None };
            match self.in_time(&mut link, request).await? {
                Ok(response) => return Ok((response, self.pooled(link, route))),
                Err((_, Some(unsent))) if is_kept => request = unsent,
                Err((error, _)) => match spare {
                    Some(again) if error.is_canceled() || error.is_incomplete_message() || error.is_closed() => {
                        request = again;
                    }
                    _ => return Err(error.into()),
                },
            }
        }
    }

    /// Waits for the answer for as long as it may take. An upload takes the time that it takes while it goes on.
    async fn in_time(&self, link: &mut Link, request: Request<RequestBody>) -> Result<Sent, SendError> {
        let Some(pulse) = request.body().pulse() else {
            return timeout(self.0.answer, link.send(request)).await.map_err(|_| SendError::Late);
        };
        pulse.beat();
        tokio::select! {
            sent = link.send(request) => Ok(sent),
            () = pulse.silence(self.0.answer) => Err(SendError::Late),
        }
    }

    /// Closes what hasn't been used for too long.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.hosts().retain(|_, kept| {
            kept.idle.retain(|(one, until)| now < *until && !one.sender.is_closed());
            kept.shared.take_if(|two| two.sender.is_closed());
            !kept.idle.is_empty() || kept.shared.is_some()
        });
    }

    fn pooled(&self, link: Link, route: &Route) -> Pooled {
        match link {
            Link::One(one) => {
                Pooled { address: one.address, one: Some((one, route.target.clone(), Arc::downgrade(&self.0))) }
            }
            Link::Two(two) => Pooled { address: two.address, one: None },
        }
    }

    async fn take(&self, route: &Route, wanted: Wanted) -> Option<Link> {
        if wanted == Wanted::Http2 {
            let shared = self.hosts().get(&route.target).and_then(|kept| kept.shared.clone());
            if let Some(mut two) = shared.filter(|two| permits(route, two.address))
                && two.sender.ready().await.is_ok()
            {
                return Some(Link::Two(two));
            }
        }
        loop {
            let mut one = self.take_one(route, wanted)?;
            if one.sender.ready().await.is_ok() {
                return Some(Link::One(one));
            }
        }
    }

    fn take_one(&self, route: &Route, wanted: Wanted) -> Option<One> {
        let mut hosts = self.hosts();
        let kept = hosts.get_mut(&route.target)?;
        let now = Instant::now();
        kept.idle.retain(|(one, until)| now < *until && !one.sender.is_closed());
        let fits = |one: &One| (wanted == Wanted::Http1 || one.offered == wanted) && permits(route, one.address);
        let place = kept.idle.iter().rposition(|(one, _)| fits(one))?;
        Some(kept.idle.remove(place).0)
    }

    fn keep(&self, target: Target, one: One) {
        let mut hosts = self.hosts();
        let kept = hosts.entry(target).or_default();
        if kept.idle.len() < MOST {
            kept.idle.push((one, Instant::now() + KEPT));
        }
    }

    async fn dial(&self, route: &Route, wanted: Wanted) -> Result<Link, SendError> {
        let (stream, address) = self.0.dialer.connect(route).await?;
        if route.target.scheme != Scheme::Https {
            // A client that speaks HTTP/2 without TLS knows from elsewhere that the host does.
            return if wanted == Wanted::Http2 {
                self.two(route, stream, address).await
            } else {
                one(stream, address, wanted).await
            };
        }
        let stream = self.0.dialer.secure(route, wanted == Wanted::Http2, stream).await?;
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.two(route, stream, address).await
        } else {
            one(stream, address, wanted).await
        }
    }

    async fn two(
        &self,
        route: &Route,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        address: Option<IpAddr>,
    ) -> Result<Link, SendError> {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(4 * WINDOW)
            .keep_alive_interval(Duration::from_secs(30))
            .handshake(TokioIo::new(stream))
            .await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection to a host ended");
            }
        });
        let two = Two { sender, address };
        self.hosts().entry(route.target.clone()).or_default().shared = Some(two.clone());
        Ok(Link::Two(two))
    }

    fn hosts(&self) -> std::sync::MutexGuard<'_, HashMap<Target, Kept>> {
        self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn one(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    address: Option<IpAddr>,
    offered: Wanted,
) -> Result<Link, SendError> {
    let (sender, connection) = http1::Builder::new().max_buf_size(BUFFER).handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(error = %error, "a connection to a host ended");
        }
    });
    Ok(Link::One(One { sender, address, offered }))
}

/// Whether an address is still among those that may be dialled.
fn permits(route: &Route, address: Option<IpAddr>) -> bool {
    match address {
        Some(address) => route.addresses.iter().any(|permitted| permitted.ip() == address),
        None => route.addresses.is_empty(),
    }
}

/// A second copy of a request that may be sent twice.
fn repeatable(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if !safe || !request.body().is_end_stream() || request.headers().contains_key(header::UPGRADE) {
        return None;
    }
    let mut copy = Request::new(RequestBody::empty());
    request.method().clone_into(copy.method_mut());
    request.uri().clone_into(copy.uri_mut());
    request.headers().clone_into(copy.headers_mut());
    Some(copy)
}

impl Link {
    /// Sends a request.
    async fn send(&mut self, mut request: Request<RequestBody>) -> Sent {
        let whole = request.uri().clone();
        let outcome = match self {
            Self::One(one) => {
                write_for_http1(&mut request);
                one.sender.try_send_request(request).await
            }
            Self::Two(two) => {
                *request.version_mut() = Version::HTTP_2;
                request.headers_mut().remove(header::HOST);
                two.sender.try_send_request(request).await
            }
        };
        outcome.map_err(|mut error| {
            let unsent = error.take_message().map(|mut request| {
                *request.uri_mut() = whole;
                request
            });
            (error.into_error(), unsent)
        })
    }
}

/// HTTP/1 has the host in a header, and cookies in one (RFC 9113, section 8.2.3).
fn write_for_http1(request: &mut Request<RequestBody>) {
    *request.version_mut() = Version::HTTP_11;
    if let Some(host) = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok()) {
        request.headers_mut().insert(header::HOST, host);
    }
    let path = request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    let mut cookies = request.headers().get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    if let (Some(first), Some(second)) = (cookies.next(), cookies.next()) {
        let joined = std::iter::once(first).chain([second]).chain(cookies).collect::<Vec<_>>().join(&b"; "[..]);
        if let Ok(joined) = HeaderValue::from_bytes(&joined) {
            request.headers_mut().insert(header::COOKIE, joined);
        }
    }
}
