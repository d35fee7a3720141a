//! The driver of SOCKS 5: its messages stand in `socks`.

use tokio::io::AsyncWriteExt as _;

use super::Arrival;
use super::http::look_until;
use super::rewind::Rewind;
use super::socks::{self, CHOICE, NO_CHOICE, Reply, SocksError};
use super::tunnel::{self, Claim};
use crate::forward::Refusal;
use crate::log::{Decision, Entry, Protocol};
use crate::policy::Host;

/// Serves a connection that begins with SOCKS 5.
pub async fn serve(arrival: Arrival, mut stream: Rewind) {
    let mut entry = arrival.proxy.log.begin(Protocol::Socks5);
    match open(&arrival, &mut stream, &mut entry).await {
        Ok(claim) => {
            if stream.write_all(&Reply::Succeeded.bytes()).await.is_ok() {
                tunnel::serve(arrival, stream, claim, entry).await;
            }
        }
        Err(answer) => {
            // The client may have gone.
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    }
}

/// Shakes hands and judges; an error is what the client hears.
async fn open(arrival: &Arrival, stream: &mut Rewind, entry: &mut Entry) -> Result<Claim, Vec<u8>> {
    let patience = arrival.handshake();
    let offer = look_until(stream, patience, socks::offer).await.unwrap_or(Err(SocksError::Malformed));
    let length = offer.map_err(|error| {
        entry.decide(Decision::Refuse, &error.to_string());
        NO_CHOICE.to_vec()
    })?;
    stream.consume(length);
    stream.write_all(&CHOICE).await.map_err(|_| Vec::new())?;

    let request = look_until(stream, patience, socks::request).await.unwrap_or(Err(SocksError::Malformed));
    let (target, length) = request.map_err(|error| {
        entry.decide(Decision::Refuse, &error.to_string());
        error.reply().bytes().to_vec()
    })?;
    stream.consume(length);
    entry.target(&target);
    if matches!(target.host, Host::Address(_)) {
        return Ok(Claim::of_address(target));
    }
    let settings = arrival.proxy.settings();
    tunnel::claim(arrival, &settings, target, entry).await.map_err(|refusal| {
        let reply = if matches!(refusal, Refusal::Denied(_)) { Reply::NotAllowed } else { Reply::Failure };
        drop(refusal.note(entry));
        reply.bytes().to_vec()
    })
}
