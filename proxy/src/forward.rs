//! A request's way through the proxy: understand, decide, inject, send, answer. Each request is decided anew, whatever was
//! decided about its connection.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode, Uri, Version, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::upgrade;
use tokio::time::timeout;

use crate::cache::{Asked, CacheBody, Fill, Lookup};
use crate::config::Settings;
use crate::inject::Fitting;
use crate::listen::{Findings, REFUSED, Violation};
use crate::log::{Decision, Entry, Protocol};
use crate::policy::{Grant, Scheme, Target};
use crate::proxy::Proxy;
use crate::upstream::{HostBody, Pooled, RequestBody, SendError, Tally, Wanted};
use crate::way;

mod answer;
mod authority;
mod grpc;
mod headers;
mod reader;
mod refusal;
mod upgraded;
mod websocket;

pub use answer::AnswerBody;
pub use authority::Via;
pub use reader::is_deaf_to_connect;
pub use refusal::Refusal;

use reader::Reader;
use upgraded::Origin;
use websocket::Handshake;

/// How much of a refused request is read, in bytes.
const MOST_REST: usize = 64 << 20;

/// How long that may take.
const REST_PATIENCE: Duration = Duration::from_secs(10);

/// The requests of one connection.
#[derive(Clone)]
pub struct Forwarder {
    proxy: Arc<Proxy>,
    via: Via,
    /// What the guard of an HTTP/1 connection finds.
    findings: Option<Findings>,
    /// As many of these as there are requests under way, and one for the connection.
    busy: Arc<()>,
}

impl Forwarder {
    /// For a connection.
    pub fn new(proxy: Arc<Proxy>, via: Via, findings: Option<Findings>) -> Self {
        Self { proxy, via, findings, busy: Arc::default() }
    }

    /// Whether requests are under way, when the connection itself has `others` more forwarders.
    pub fn is_busy(&self, others: usize) -> bool {
        Arc::strong_count(&self.busy) > 1 + others
    }

    /// Answers a request.
    pub async fn handle(self, request: Request<Incoming>) -> Response<AnswerBody> {
        let protocol = if self.via.is_secure() { Protocol::Https } else { Protocol::Http };
        let mut entry = self.proxy.log.begin(protocol);
        if self.violation(&request).is_none() {
            entry.request(request.method().as_str(), request.uri().path());
        }
        let settings = self.proxy.settings();
        let (version, reader) = (request.version(), Reader::of(&request));
        let (head, body) = request.into_parts();
        let (request, mut body) = (Request::from_parts(head, ()), Some(body));
        let mut answer = match self.try_handle(&settings, request, &mut body, &mut entry).await {
            Ok(answer) => answer.finish(entry),
            Err(refusal) => {
                if let Some(body) = body.filter(|body| !body.is_end_stream()) {
                    tokio::spawn(timeout(REST_PATIENCE, read_rest(body)));
                }
                refusal.answer(entry, version, reader)
            }
        };
        answer.body_mut().hold(self.busy);
        if let Some(findings) = &self.findings {
            findings.answer(answer.status() == StatusCode::SWITCHING_PROTOCOLS);
        }
        answer
    }

    async fn try_handle(
        &self,
        settings: &Settings,
        mut request: Request<()>,
        body: &mut Option<Incoming>,
        entry: &mut Entry,
    ) -> Result<Answer, Refusal> {
        let (target, grant) = self.decide(settings, &request, entry)?;
        let route = way::find(settings, &self.proxy.resolver, &target).await?;
        let is_empty = body.as_ref().is_none_or(Incoming::is_end_stream);
        let handshake = Handshake::of(&request).filter(|_| is_empty);
        let upgrade = handshake.map(|handshake| (handshake, upgrade::on(&mut request)));
        let wanted = if request.version() == Version::HTTP_2 { Wanted::Http2 } else { Wanted::Http1 };
        let (head, ()) = request.into_parts();
        let injected = settings.injector.fitting(&target, &head);
        let fill = match self.look_up(&target, &head, &injected).await {
            Lookup::Hit(response) | Lookup::Follow(response) => {
                entry.status(response.status().as_u16()).decide(Decision::Cached, grant.rule.as_str());
                return Ok(Answer::Kept(response));
            }
            Lookup::Miss(fill) => Some(fill),
            Lookup::Bypass => None,
        };
        let path = path(&head.uri).to_owned();
        let request = outgoing(&target, head, body.take(), &injected, upgrade.is_some(), entry)?;
        let (response, pooled) = settings.pool.send(&route, wanted, request).await?;
        if let Some(address) = pooled.address {
            entry.address(address);
        }
        entry.status(response.status().as_u16());
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let address = pooled.address;
            return changed(response, upgrade, Origin { proxy: Arc::clone(&self.proxy), target, path, address });
        }
        Ok(passed(response, pooled, fill).await)
    }

    /// Where a request goes, and by which rule it may.
    fn decide(
        &self,
        settings: &Settings,
        request: &Request<()>,
        entry: &mut Entry,
    ) -> Result<(Target, Grant), Refusal> {
        if let Some(violation) = self.violation(request) {
            self.via.note(entry);
            return Err(Refusal::Malformed(violation));
        }
        let target = authority::target(&self.via, request).inspect_err(|_| self.via.note(entry))?;
        entry.target(&target);
        check_method(request.method())?;
        let grant = settings.policy.judge(&target, request.method(), path(request.uri())).map_err(Refusal::Denied)?;
        entry.decide(Decision::Allow, grant.rule.as_str());
        Ok((target, grant))
    }

    /// What is wrong with the request that this one stands for.
    fn violation<B>(&self, request: &Request<B>) -> Option<Violation> {
        let findings = self.findings.as_ref().filter(|_| request.method() == REFUSED)?;
        findings.violation()
    }

    async fn look_up(&self, target: &Target, head: &Parts, injected: &Fitting<'_>) -> Lookup {
        let credentials = injected.credentials();
        let asked = Asked {
            target,
            method: &head.method,
            path: path(&head.uri),
            headers: &head.headers,
            injected: credentials.as_deref(),
        };
        self.proxy.cache.lookup(&asked).await
    }
}

/// An answer whose record isn't complete.
enum Answer {
    Whole(Response<HostBody>),
    Kept(Response<CacheBody>),
    Upgraded { head: Response<()>, client: upgrade::OnUpgrade, host: upgrade::OnUpgrade, origin: Origin },
}

impl Answer {
    fn finish(self, entry: Entry) -> Response<AnswerBody> {
        match self {
            Self::Whole(response) => response.map(|body| AnswerBody::of_host(body, entry)),
            Self::Kept(response) => response.map(|body| AnswerBody::of_cache(body, entry)),
            Self::Upgraded { head, client, host, origin } => {
                tokio::spawn(upgraded::join(client, host, origin, entry));
                head.map(|()| AnswerBody::empty())
            }
        }
    }
}

/// The answer of a host that changes the protocol. It may do so only if it was asked to.
fn changed(
    mut response: Response<Incoming>,
    upgrade: Option<(Handshake, upgrade::OnUpgrade)>,
    origin: Origin,
) -> Result<Answer, Refusal> {
    let Some((_, client)) = upgrade.filter(|(handshake, _)| handshake.is_agreed(&response)) else {
        return Err(Refusal::BadAnswer);
    };
    let host = upgrade::on(&mut response);
    Ok(Answer::Upgraded { head: response.map(|_| ()), client, host, origin })
}

/// Any other answer of a host.
async fn passed(mut response: Response<Incoming>, pooled: Pooled, fill: Option<Fill>) -> Answer {
    headers::remove_hop_by_hop(response.headers_mut(), false);
    let (head, body) = response.into_parts();
    let body = HostBody::new(body, pooled);
    match fill {
        Some(fill) => Answer::Kept(Box::pin(fill.response(head, body)).await),
        None => Answer::Whole(Response::from_parts(head, body)),
    }
}

/// The path and query of a request.
fn path(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", PathAndQuery::as_str)
}

/// Refuses methods that would get around what is decided here, however they are written: there are hosts that don't mind.
fn check_method(method: &Method) -> Result<(), Refusal> {
    let is = |name: &str| method.as_str().eq_ignore_ascii_case(name);
    if is("CONNECT") {
        // It would turn the rest of the connection into something that isn't judged.
        Err(Refusal::Connect)
    } else if is("TRACE") || is("TRACK") {
        // Whoever answers it would echo the headers that are injected.
        Err(Refusal::Trace)
    } else if is(REFUSED) {
        Err(Refusal::Reserved)
    } else {
        Ok(())
    }
}

/// Reads a refused request to its end, or for as long as is reasonable: a client that still writes when its connection is
/// closed doesn't hear why.
async fn read_rest(mut body: Incoming) {
    let mut left = MOST_REST;
    while let Some(Ok(frame)) = body.frame().await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            return;
        }
    }
}

/// What is sent to the host: the client's request without what belongs to its connection, and with what is injected.
fn outgoing(
    target: &Target,
    mut head: Parts,
    body: Option<Incoming>,
    injected: &Fitting<'_>,
    is_websocket: bool,
    entry: &Entry,
) -> Result<Request<RequestBody>, Refusal> {
    headers::remove_hop_by_hop(&mut head.headers, true);
    if is_websocket {
        Handshake::ask(&mut head.headers);
    }
    head.headers.remove(header::HOST);
    head.uri = authority::whole_uri(target, &head.uri)?;
    injected.apply(&mut head.headers);
    let body = match body.filter(|body| !body.is_end_stream()) {
        Some(body) => RequestBody::new(body, Tally(entry.up())),
        None => RequestBody::empty(),
    };
    let mut request = Request::new(body);
    *request.method_mut() = head.method;
    *request.uri_mut() = head.uri;
    *request.headers_mut() = head.headers;
    Ok(request)
}

impl From<way::WayError> for Refusal {
    fn from(error: way::WayError) -> Self {
        match error {
            way::WayError::Denied(denial) => Self::Denied(denial),
            way::WayError::Resolve(error) => Self::Unresolved(error),
        }
    }
}

impl From<SendError> for Refusal {
    fn from(error: SendError) -> Self {
        Self::Unsent(error)
    }
}

/// Whether a scheme is spoken with TLS.
fn is_secure(scheme: Scheme) -> bool {
    scheme == Scheme::Https
}
