//! A connection that has become a WebSocket: bytes go both ways until one side ends it or the policy does.

use std::net::IpAddr;
use std::sync::Arc;

use http::Method;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::config::Settings;
use crate::listen::{Ended, relay};
use crate::log::{Decision, Entry};
use crate::policy::{Denial, Target};
use crate::proxy::Proxy;
use crate::way;

/// The request that it began with, by which it is judged again.
pub struct Origin {
    pub proxy: Arc<Proxy>,
    pub target: Target,
    /// With its query.
    pub path: String,
    /// The address that answered, unless another proxy knows it alone.
    pub address: Option<IpAddr>,
}

/// Joins the client's side and the host's.
pub async fn join(client: OnUpgrade, host: OnUpgrade, origin: Origin, mut entry: Entry) {
    match tokio::try_join!(client, host) {
        Ok((client, host)) => {
            let idle = origin.proxy.settings().config.limits.tunnel();
            let denied = origin.proxy.denial(|settings| origin.judge(settings));
            let (up, down) = (entry.up(), entry.down());
            match relay(TokioIo::new(client), TokioIo::new(host), up, down, idle, denied).await {
                Ended::Idle => drop(entry.decide(Decision::Allow, "ended for being idle")),
                Ended::Denied(denial) => drop(entry.decide(Decision::Deny, denial.rule.as_str())),
                Ended::Closed | Ended::Broken => {}
            }
        }
        Err(error) => {
            entry.decide(Decision::Fail, &format!("the protocol wasn't changed: {error}"));
        }
    }
}

impl Origin {
    fn judge(&self, settings: &Settings) -> Result<(), Denial> {
        settings.policy.judge(&self.target, &Method::GET, &self.path)?;
        way::check(settings, &self.target, self.address)
    }
}
