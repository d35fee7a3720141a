//! CONNECT: the policy judges before the client hears that it is connected.

use tokio::io::AsyncWriteExt as _;

use super::Arrival;
use super::head::{self, Head, Violation};
use super::http::look_until;
use super::rewind::Rewind;
use super::tunnel::{self, Claim};
use crate::forward::{Refusal, is_deaf_to_connect};
use crate::log::{Entry, Protocol};
use crate::policy::{Scheme, Target};

/// Where TLS is spoken, and by clients first.
const HTTPS: u16 = 443;

/// What the client hears when it may go on.
const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// Serves a connection that begins with CONNECT.
pub async fn serve(arrival: Arrival, mut stream: Rewind) {
    let mut entry = arrival.proxy.log.begin(Protocol::Connect);
    // In memory of its own, which goes when the tunnel begins.
    match Box::pin(open(&arrival, &mut stream, &mut entry)).await {
        Ok(claim) => {
            if stream.write_all(ESTABLISHED).await.is_ok() {
                tunnel::serve(arrival, stream, claim, entry).await;
            }
        }
        Err(refusal) => {
            let answer = refusal.answer_to_connect(&mut entry);
            // The client may have gone.
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    }
}

async fn open(arrival: &Arrival, stream: &mut Rewind, entry: &mut Entry) -> Result<Claim, Refusal> {
    let settings = arrival.proxy.settings();
    let patience = settings.config.limits.patience();
    let end = look_until(stream, patience.head, |seen| match head::end(seen)? {
        None if seen.len() > patience.longest_head => Err(Violation::Long),
        None => head::check_beginning(seen).map(|()| None),
        end => Ok(end),
    });
    let end = end.await.unwrap_or(Err(Violation::Slow)).map_err(Refusal::Malformed)?;
    let head = head::check(&stream.seen()[..end]).map_err(Refusal::Malformed)?;
    entry.host(without_userinfo(head.target), 0);
    let target = target(&head)?;
    entry.target(&target);
    let is_deaf = head.agent.is_some_and(is_deaf_to_connect);
    stream.consume(end);
    match tunnel::claim(arrival, &settings, target.clone(), entry).await {
        // Within TLS it is heard. Who doesn't begin with TLS may wait for the host to speak first, so it is for one port alone.
        Err(Refusal::Denied(denial)) if is_deaf && target.port == HTTPS => Ok(Claim::of_denied(target, &denial, entry)),
        claim => claim,
    }
}

/// A target that may turn out to be none, without the password that some put there.
fn without_userinfo(target: &str) -> &str {
    target.rsplit_once('@').map_or(target, |(_, host)| host)
}

/// The target of CONNECT always names its port (RFC 9110, section 9.3.6).
fn target(head: &Head<'_>) -> Result<Target, Refusal> {
    let target = Target::parse(head.target, Scheme::Tcp).map_err(Refusal::Host)?;
    match head.host {
        Some(host) if !target.is_named_by(host) => Err(Refusal::Disagreement),
        _ => Ok(target),
    }
}
