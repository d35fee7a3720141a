//! A connection that has become a WebSocket: bytes go both ways until one side ends it.

use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::listen::{Ended, relay};
use crate::log::{Decision, Entry};

/// Joins the client's side and the host's.
pub async fn join(client: OnUpgrade, host: OnUpgrade, mut entry: Entry, idle: Duration) {
    match tokio::try_join!(client, host) {
        Ok((client, host)) => {
            let (up, down) = (entry.up(), entry.down());
            if let Ended::Idle = relay(TokioIo::new(client), TokioIo::new(host), up, down, idle).await {
                entry.decide(Decision::Allow, "ended for being idle");
            }
        }
        Err(error) => {
            entry.decide(Decision::Fail, &format!("the protocol wasn't changed: {error}"));
        }
    }
}
