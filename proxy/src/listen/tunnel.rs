//! What is within a connection to a host: TLS that is intercepted or passed on, or plain HTTP. Nothing else goes through.

use std::net::IpAddr;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Arrival;
use super::detect::{Detected, detect};
use super::hello::{self, Hello};
use super::http::{look_until, serve_http1, serve_http2};
use super::relay::{Ended, relay};
use super::rewind::Rewind;
use crate::config::Settings;
use crate::forward::{Refusal, Via};
use crate::log::{Decision, Entry, Protocol};
use crate::mitm;
use crate::policy::{Denial, DenialKind, Handling, Host, RuleName, Scheme, Target};
use crate::upstream::SendError;
use crate::way;

/// What a client says about where its connection goes.
pub struct Claim {
    /// Where to.
    target: Target,
    /// Whether a name within the connection stands in for the address.
    by_address: bool,
    /// The connection to the host, if the client's is passed on as it is.
    ready: Option<Dialled>,
}

/// A connection to a host.
struct Dialled {
    stream: TcpStream,
    /// The address that was dialled, unless another proxy knows it alone.
    address: Option<IpAddr>,
}

impl Claim {
    /// An address that a client got from somewhere. The host is the one that is named within the connection, if any, and
    /// judged when that is known.
    pub fn of_address(target: Target) -> Self {
        Self { target, by_address: true, ready: None }
    }

    /// A host that is denied. The client hears why from the answers to its requests.
    pub fn of_denied(target: Target, denial: &Denial, entry: &mut Entry) -> Self {
        entry.decide(Decision::Deny, denial.rule.as_str());
        Self { target, by_address: false, ready: None }
    }
}

/// Judges a claim before the client hears that it is connected. Where TLS is passed on, the host is dialled already, so that
/// a failure can be told.
pub async fn claim(
    arrival: &Arrival,
    settings: &Settings,
    target: Target,
    entry: &mut Entry,
) -> Result<Claim, Refusal> {
    let grant = settings.policy.admit(&target).map_err(Refusal::Denied)?;
    entry.decide(Decision::Allow, grant.rule.as_str());
    let ready = match grant.handling {
        Handling::Tunnel => Some(dial(arrival, settings, &target, entry).await?),
        Handling::Intercept => None,
    };
    Ok(Claim { target, by_address: false, ready })
}

async fn dial(arrival: &Arrival, settings: &Settings, target: &Target, entry: &mut Entry) -> Result<Dialled, Refusal> {
    let route = way::find(settings, &arrival.proxy.resolver, target).await?;
    let (stream, address) = settings.pool.dialer().connect(&route).await.map_err(SendError::Dial)?;
    if let Some(address) = address {
        entry.address(address);
    }
    Ok(Dialled { stream, address })
}

/// Why a connection is refused after it was opened: there is nobody left to tell but the log.
#[derive(Debug, thiserror::Error)]
enum TunnelError {
    #[error("the client sent nothing that is spoken here")]
    Nothing,
    #[error("{0}")]
    Hello(#[from] hello::HelloError),
    #[error("the name in the TLS handshake isn't the one that was connected to")]
    OtherName,
    #[error("the TLS handshake has no name")]
    NoName,
    #[error("the name in the TLS handshake is encrypted")]
    EncryptedName,
    #[error("{0}")]
    Refused(#[from] Refusal),
}

/// Serves a connection that was redirected here and begins with TLS.
pub async fn serve_redirected(arrival: Arrival, stream: Rewind) {
    let Some(destination) = arrival.destination else {
        arrival.refuse(Protocol::Transparent, "this is a proxy: TLS to a host has to be opened by CONNECT");
        stream.abort();
        return;
    };
    let mut entry = arrival.proxy.log.begin(Protocol::Transparent);
    let target = Target { host: Host::from(destination.ip()), port: destination.port(), scheme: Scheme::Tcp };
    entry.target(&target);
    serve(arrival, stream, Claim::of_address(target), entry).await;
}

/// Serves what is within a connection that was opened.
pub async fn serve(arrival: Arrival, mut stream: Rewind, claim: Claim, mut entry: Entry) {
    // Each of them in memory of its own: what a connection needs no more, it has no more.
    let (stream, requests) = match Box::pin(look_inside(&arrival, &mut stream, claim, &mut entry)).await {
        Ok(Inside::Requests(requests)) => {
            // Each has a record of its own.
            entry.forget();
            (stream, requests)
        }
        Ok(Inside::Intercepted(target)) => match Box::pin(intercept(&arrival, stream, target, entry)).await {
            Some(intercepted) => intercepted,
            None => return,
        },
        Ok(Inside::Passed(target, host)) => return Box::pin(pass_on(&arrival, stream, &target, host, entry)).await,
        Err(error) => {
            match error {
                TunnelError::Refused(refusal) => drop(refusal.note(&mut entry)),
                // What comes after a denial changes nothing about it.
                _ if entry.is_denied() => {}
                error => drop(entry.decide(Decision::Refuse, &error.to_string())),
            }
            stream.abort();
            return;
        }
    };
    match requests {
        Requests::Http1(via) => Box::pin(serve_http1(arrival, stream, via)).await,
        Requests::Http2(via) => Box::pin(serve_http2(arrival, stream, via)).await,
    }
}

/// What there is in a connection, and what becomes of it.
enum Inside {
    Requests(Requests),
    Intercepted(Target),
    Passed(Target, Dialled),
}

/// Requests, and how they are written.
enum Requests {
    Http1(Via),
    Http2(Via),
}

async fn look_inside(
    arrival: &Arrival,
    stream: &mut Rewind,
    claim: Claim,
    entry: &mut Entry,
) -> Result<Inside, TunnelError> {
    let patience = arrival.handshake();
    let detected = look_until(stream, patience, |seen| Ok::<_, TunnelError>(detect(seen)));
    match detected.await.ok_or(TunnelError::Nothing)?? {
        Detected::Tls => {
            let hello = look_until(stream, patience, hello::read).await.ok_or(TunnelError::Nothing)??;
            of_tls(arrival, claim, &hello, entry).await
        }
        Detected::Http1 => Ok(Inside::Requests(Requests::Http1(claim.via()))),
        Detected::Http2 => Ok(Inside::Requests(Requests::Http2(claim.via()))),
        Detected::Socks5 | Detected::Unknown => Err(TunnelError::Nothing),
    }
}

async fn of_tls(arrival: &Arrival, claim: Claim, hello: &Hello, entry: &mut Entry) -> Result<Inside, TunnelError> {
    let target = named(&claim, hello)?;
    entry.target(&target);
    let settings = arrival.proxy.settings();
    match settings.policy.admit(&target) {
        Ok(grant) if grant.handling == Handling::Tunnel => {
            if hello.encrypted {
                return Err(TunnelError::EncryptedName);
            }
            let host = match claim.ready {
                Some(ready) => ready,
                None => dial(arrival, &settings, &target, entry).await?,
            };
            entry.decide(Decision::Tunnel, grant.rule.as_str());
            Ok(Inside::Passed(target, host))
        }
        Ok(_) => Ok(Inside::Intercepted(target)),
        // Each request is answered with the reason.
        Err(denial) => {
            entry.decide(Decision::Deny, denial.rule.as_str());
            Ok(Inside::Intercepted(target))
        }
    }
}

/// Passes TLS on as it is, for as long as that is allowed.
async fn pass_on(arrival: &Arrival, stream: Rewind, target: &Target, host: Dialled, mut entry: Entry) {
    let idle = arrival.proxy.settings().config.limits.tunnel();
    let denied = arrival.proxy.denial(|settings| may_pass(settings, target, host.address));
    match relay(stream, host.stream, entry.up(), entry.down(), idle, denied).await {
        Ended::Idle => drop(entry.decide(Decision::Tunnel, "ended for being idle")),
        Ended::Denied(denial) => drop(entry.decide(Decision::Deny, denial.rule.as_str())),
        Ended::Closed | Ended::Broken => {}
    }
}

/// Whether TLS that passes may go on doing so. Where requests are to be judged now, nobody can.
fn may_pass(settings: &Settings, target: &Target, address: Option<IpAddr>) -> Result<(), Denial> {
    way::check(settings, target, address)?;
    match settings.policy.admit(target)?.handling {
        Handling::Tunnel => Ok(()),
        Handling::Intercept => Err(Denial { rule: RuleName::new("TLS is intercepted now"), kind: DenialKind::Request }),
    }
}

/// The host by its name in the handshake, which has to be the one that was claimed.
fn named(claim: &Claim, hello: &Hello) -> Result<Target, TunnelError> {
    let target = Target { scheme: Scheme::Https, ..claim.target.clone() };
    match (&hello.server_name, &target.host) {
        (Some(name), _) if claim.by_address => {
            let target = Target::new(name, target.port, Scheme::Https).map_err(Refusal::Host)?;
            if matches!(target.host, Host::Name(_)) { Ok(target) } else { Err(TunnelError::OtherName) }
        }
        (Some(name), _) if !target.is_named_by(name) => Err(TunnelError::OtherName),
        // Clients don't send addresses as names (RFC 6066, section 3).
        (None, Host::Name(_)) => Err(TunnelError::NoName),
        _ => Ok(target),
    }
}

/// Speaks TLS in the host's name; what the requests within are read from, and how.
async fn intercept(arrival: &Arrival, stream: Rewind, target: Target, mut entry: Entry) -> Option<(Rewind, Requests)> {
    let accept = mitm::accept(&arrival.proxy.authority, &target.host, stream);
    let tls = match timeout(arrival.handshake(), accept).await {
        Ok(Ok(tls)) => tls,
        _ if entry.is_denied() => return None,
        Ok(Err(error)) => {
            let reason =
                format!("the client ended the TLS handshake, maybe because it doesn't trust the proxy: {error}");
            entry.decide(Decision::Fail, &reason);
            return None;
        }
        Err(_) => {
            entry.decide(Decision::Refuse, "the TLS handshake took too long");
            return None;
        }
    };
    entry.forget();
    let is_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
    let via = Via::Inside(target);
    Some((Rewind::new(tls), if is_http2 { Requests::Http2(via) } else { Requests::Http1(via) }))
}

impl Claim {
    /// What plain requests in the connection are told about it.
    fn via(self) -> Via {
        if self.by_address {
            Via::Redirected(self.target.port)
        } else {
            Via::Inside(Target { scheme: Scheme::Http, ..self.target })
        }
    }
}
