//! What clients connect to: protocols are told apart, handshakes made, and everything that isn't understood in exactly one
//! way is refused. Here is no decision about who may be reached.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::forward::Via;
use crate::log::{Decision, Protocol};
use crate::proxy::Proxy;

mod accept;
mod connect;
mod detect;
mod frames;
mod framing;
mod guard;
mod head;
mod hello;
mod http;
mod origin;
mod prompt;
mod relay;
mod rewind;
mod socks;
mod socks5;
mod tunnel;

pub use accept::{Kind, serve};
pub use detect::{Detected, detect};
pub use framing::{Follower, Sound};
pub use guard::{Findings, Guard, Patience, REFUSED};
pub use head::{Head, Violation};
pub use hello::{Hello, HelloError, read as read_hello};
pub use relay::{Ended, relay};
pub use rewind::{Rewind, Stream, keep_alive};
pub use socks::{SocksError, offer, request};

/// A connection from a client.
#[derive(Clone)]
pub struct Arrival {
    /// What all connections share.
    pub proxy: Arc<Proxy>,
    /// Where the client thinks it is connected to, if that isn't the proxy.
    pub destination: Option<SocketAddr>,
}

impl Arrival {
    /// How long a client may take for a handshake.
    fn handshake(&self) -> Duration {
        self.proxy.settings().config.limits.patience().head
    }

    /// Notes that nothing could be made of a connection.
    fn refuse(&self, protocol: Protocol, reason: &str) {
        let mut entry = self.proxy.log.begin(protocol);
        if let Some(destination) = self.destination {
            entry.host(&destination.ip().to_canonical().to_string(), destination.port());
        }
        entry.decide(Decision::Refuse, reason);
    }
}

/// Serves a connection to its end.
pub async fn handle(arrival: Arrival, mut stream: Rewind) {
    let patience = arrival.proxy.settings().config.limits.patience();
    // Until the first byte, a connection is one that waits for its first request.
    let begun = tokio::select! {
        looked = timeout(patience.idle, stream.look()) => matches!(looked, Ok(Ok(1..))),
        () = arrival.proxy.closing.cancelled() => false,
    };
    if !begun {
        return;
    }
    let first = first(&mut stream, patience.head).await;
    // Each in memory of its own: a connection that has sent nothing has room for none of them.
    match first {
        First::Http => {
            let via = arrival.destination.map_or(Via::Proxy, |destination| Via::Redirected(destination.port()));
            Box::pin(http::serve_http1(arrival, stream, via)).await;
        }
        First::Connect => Box::pin(connect::serve(arrival, stream)).await,
        First::Tls => Box::pin(tunnel::serve_redirected(arrival, stream)).await,
        First::Socks5 => Box::pin(socks5::serve(arrival, stream)).await,
        First::Unknown => {
            arrival.refuse(Protocol::Unknown, "the protocol isn't spoken here");
            stream.abort();
        }
        First::Nothing => arrival.refuse(Protocol::Unknown, "the client sent too little to be understood"),
    }
}

/// What a connection begins with.
enum First {
    Http,
    Connect,
    Tls,
    Socks5,
    Unknown,
    Nothing,
}

const CONNECT: &[u8] = b"CONNECT ";

async fn first(stream: &mut Rewind, patience: Duration) -> First {
    let decide = async {
        loop {
            if let Some(first) = known(stream.seen()) {
                return first;
            }
            if !matches!(stream.look().await, Ok(1..)) {
                return First::Nothing;
            }
        }
    };
    timeout(patience, decide).await.unwrap_or(First::Nothing)
}

fn known(seen: &[u8]) -> Option<First> {
    match detect(seen)? {
        Detected::Http1 => {
            let length = seen.len().min(CONNECT.len());
            match seen[..length] == CONNECT[..length] {
                true if length == CONNECT.len() => Some(First::Connect),
                true => None,
                false => Some(First::Http),
            }
        }
        Detected::Tls => Some(First::Tls),
        Detected::Socks5 => Some(First::Socks5),
        // Requests to a proxy by HTTP/2 are nothing that clients send without TLS.
        Detected::Http2 | Detected::Unknown => Some(First::Unknown),
    }
}
