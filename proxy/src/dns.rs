//! Names for programs that resolve them themselves: the questions for addresses of hosts that the policy allows are
//! answered, by the resolver that the proxy itself uses. Everything else is refused.
//!
//! No question goes on to another server, so that nothing can be told to the outside by asking for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::log::{Decision, Protocol};
use crate::policy::{Host, Scheme, Target};
use crate::proxy::Proxy;
use crate::way::{self, WayError};

mod message;

pub use message::{Code, Kind, MessageError, Question, answer, question};

/// The port that names are judged for, unless the policy has them on another one only.
const PORTS: [(u16, Scheme); 2] = [(443, Scheme::Https), (80, Scheme::Http)];

/// How many questions may be open at a time.
const OPEN: usize = 256;

/// The longest message over UDP that every client takes (RFC 1035, section 4.2.1).
const LONGEST_UDP: usize = 512;

/// A client that is silent for this long has no more questions.
const PATIENCE: Duration = Duration::from_secs(10);

/// After an error, nothing is received for this long.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers questions over UDP until the proxy closes.
pub async fn serve_udp(proxy: Arc<Proxy>, socket: UdpSocket) {
    let socket = Arc::new(socket);
    let open = Arc::new(Semaphore::new(OPEN));
    let mut buffer = [0; 4096];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = proxy.closing.cancelled() => return,
        };
        let Ok((length, peer)) = received else {
            sleep(PAUSE).await;
            continue;
        };
        // Clients ask again when nobody answers.
        let Ok(place) = Arc::clone(&open).try_acquire_owned() else { continue };
        let (proxy, socket, question) = (Arc::clone(&proxy), Arc::clone(&socket), buffer[..length].to_vec());
        tokio::spawn(async move {
            if let Some(answer) = respond(&proxy, &question, LONGEST_UDP).await
                && let Err(error) = socket.send_to(&answer, peer).await
            {
                tracing::debug!(error = %error, "an answer about a name can't be sent");
            }
            drop(place);
        });
    }
}

/// Answers questions over TCP until the proxy closes.
pub async fn serve_tcp(proxy: Arc<Proxy>, listener: TcpListener) {
    let open = Arc::new(Semaphore::new(OPEN));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = proxy.closing.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&open).try_acquire_owned() else { continue };
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move {
            if let Err(error) = converse(&proxy, stream).await {
                tracing::debug!(error = %error, "a connection with questions for names ended");
            }
            drop(place);
        });
    }
}

/// Over TCP, each message has its length before it (RFC 1035, section 4.2.2).
async fn converse(proxy: &Proxy, mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        let Ok(Ok(length)) = timeout(PATIENCE, stream.read_u16()).await else { return Ok(()) };
        let mut question = vec![0; length.into()];
        timeout(PATIENCE, stream.read_exact(&mut question)).await??;
        let Some(answer) = respond(proxy, &question, u16::MAX.into()).await else { return Ok(()) };
        let length = u16::try_from(answer.len()).map_err(std::io::Error::other)?;
        send(&mut stream, &[&length.to_be_bytes(), answer.as_slice()].concat(), PATIENCE).await?;
    }
}

/// Sends a message to a client, which has to take it in time.
async fn send(stream: &mut (impl AsyncWrite + Unpin), message: &[u8], patience: Duration) -> std::io::Result<()> {
    timeout(patience, stream.write_all(message)).await?
}

/// The answer to a message; none to what is no question.
async fn respond(proxy: &Proxy, message: &[u8], longest: usize) -> Option<Vec<u8>> {
    let question = match question(message) {
        Ok(question) => question,
        Err(MessageError::NoQuestion) => return None,
        Err(MessageError::Malformed) => return message::refuse(message, Code::Malformed),
    };
    let mut entry = proxy.log.begin(Protocol::Dns);
    entry.host(&question.name, 0).request(question.kind.name(), "");
    let (code, addresses) = match resolve(proxy, &question).await {
        Ok((addresses, rule)) => {
            entry.decide(Decision::Allow, &rule);
            addresses.first().map(|address| entry.address(*address));
            (Code::Fine, addresses)
        }
        Err((code, decision, reason)) => {
            entry.decide(decision, &reason);
            (code, Vec::new())
        }
    };
    Some(answer(message, &question, code, &addresses, longest))
}

type Found = (Vec<std::net::IpAddr>, String);

async fn resolve(proxy: &Proxy, question: &Question) -> Result<Found, (Code, Decision, String)> {
    let refused = |reason: String| (Code::Refused, Decision::Refuse, reason);
    let target = |port, scheme| Target::new(&question.name, port, scheme).map_err(|error| refused(error.to_string()));
    let settings = proxy.settings();
    let mut denial = None;
    for (port, scheme) in PORTS {
        let target = target(port, scheme)?;
        if matches!(target.host, Host::Address(_)) {
            return Err(refused("an address has no address".to_owned()));
        }
        let grant = match settings.policy.admit(&target) {
            Ok(grant) => grant,
            Err(denied) => {
                denial = denial.or(Some(denied));
                continue;
            }
        };
        let route = way::find(&settings, &proxy.resolver, &target).await.map_err(|error| match error {
            WayError::Denied(denial) => (Code::Refused, Decision::Deny, denial.rule.as_str().to_owned()),
            WayError::Resolve(error) => (Code::Unknown, Decision::Fail, error.to_string()),
        })?;
        let wanted =
            route.addresses.iter().map(std::net::SocketAddr::ip).filter(|address| question.kind.takes(*address));
        return Ok((wanted.collect(), grant.rule.as_str().to_owned()));
    }
    let rule = denial.map_or_else(String::new, |denial| denial.rule.as_str().to_owned());
    Err((Code::Refused, Decision::Deny, rule))
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    #[tokio::test]
    async fn a_client_that_takes_no_answer_is_left() {
        let (mut proxy, mut client) = duplex(4);
        send(&mut proxy, b"fits", PATIENCE).await.unwrap();
        let mut taken = [0; 4];
        client.read_exact(&mut taken).await.unwrap();
        assert_eq!(&taken, b"fits");
        let sent = send(&mut proxy, b"doesn't fit", Duration::from_millis(1));
        let error = timeout(PATIENCE, sent).await.expect("it waits").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    }
}
