//! What all connections of a proxy share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;

use crate::cache::Cache;
use crate::config::{Live, Settings};
use crate::descriptors;
use crate::log::Log;
use crate::mitm::Authority;
use crate::policy::Denial;
use crate::upstream::Resolver;

/// A proxy.
pub struct Proxy {
    /// The configuration that is in force.
    pub live: Arc<Live>,
    /// The log of requests.
    pub log: Log,
    /// Who signs for hosts.
    pub authority: Authority,
    /// What is kept of answers.
    pub cache: Cache,
    /// Names to addresses.
    pub resolver: Resolver,
    /// Cancelled when no new requests are taken.
    pub closing: CancellationToken,
    connections: Arc<AtomicUsize>,
}

/// A connection's place among those that may be open.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Proxy {
    /// Puts one together.
    pub fn new(live: Arc<Live>, log: Log, authority: Authority, cache: Cache) -> Arc<Self> {
        Arc::new(Self {
            live,
            log,
            authority,
            cache,
            resolver: Resolver::default(),
            closing: CancellationToken::new(),
            connections: Arc::default(),
        })
    }

    /// What is in force now.
    pub fn settings(&self) -> Arc<Settings> {
        self.live.now()
    }

    /// Waits until what goes on is denied: it is judged now, and whenever the configuration changes.
    pub async fn denial(&self, judge: impl Fn(&Settings) -> Result<(), Denial>) -> Denial {
        let mut changes = self.live.changes();
        loop {
            if let Err(denial) = judge(&self.settings()) {
                return denial;
            }
            // It changes no more only when there is no proxy any more.
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// A place for another connection, if there is one.
    pub fn place(&self) -> Option<Place> {
        let place = Place(Arc::clone(&self.connections));
        let before = self.connections.fetch_add(1, Ordering::Relaxed);
        (before < self.settings().config.limits.connections.min(descriptors::room())).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
