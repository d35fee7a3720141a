//! Names to addresses, by the system's resolver, remembered for a short time.
//!
//! What is remembered is what was checked: within that time a name can't be turned to another address, and a request never
//! dials what it hasn't asked the policy about.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::{Instant, timeout};

use crate::policy::DomainName;

/// How long an answer is remembered. The system's resolver doesn't tell for how long it is good.
const REMEMBERED: Duration = Duration::from_secs(30);

/// How long it is remembered that there is no answer.
const FORGOTTEN: Duration = Duration::from_secs(2);

/// How many answers are remembered.
const MOST: usize = 4096;

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(10);

/// Resolves names. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Resolver(Arc<Mutex<HashMap<DomainName, Answer>>>);

#[derive(Debug, Clone)]
struct Answer {
    addresses: Arc<[IpAddr]>,
    until: Instant,
}

/// Why a name has no address.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// Nobody knows the name.
    #[error("the name has no address")]
    Unknown(#[source] Option<io::Error>),
    /// Nobody answered.
    #[error("nobody told the name's address within {} s", PATIENCE.as_secs())]
    Late,
}

impl Resolver {
    /// The addresses of a name; at least one.
    pub async fn resolve(&self, name: &DomainName) -> Result<Arc<[IpAddr]>, ResolveError> {
        let known = self.known().get(name).filter(|answer| Instant::now() < answer.until).cloned();
        let addresses = match known {
            Some(answer) => answer.addresses,
            None => Box::pin(self.ask(name)).await?,
        };
        if addresses.is_empty() { Err(ResolveError::Unknown(None)) } else { Ok(addresses) }
    }

    async fn ask(&self, name: &DomainName) -> Result<Arc<[IpAddr]>, ResolveError> {
        // With the dot at its end the name is a whole one, and no search list can make another of it.
        let whole = format!("{name}.");
        let found = match timeout(PATIENCE, lookup_host((whole.as_str(), 0))).await {
            Ok(Ok(found)) => Ok(found.map(|address| address.ip().to_canonical()).collect::<Vec<_>>()),
            Ok(Err(error)) => Err(error),
            Err(_) => return Err(ResolveError::Late),
        };
        let found = match found {
            // The machine's own files know names without the dot alone.
            Err(_) => local(name).await,
            found => found,
        };
        let (addresses, life, error) = match found {
            Ok(addresses) => (addresses, REMEMBERED, None),
            Err(error) => (Vec::new(), FORGOTTEN, Some(error)),
        };
        let addresses: Arc<[IpAddr]> = addresses.into();
        self.remember(name, Answer { addresses: Arc::clone(&addresses), until: Instant::now() + life });
        error.map_or(Ok(addresses), |error| Err(ResolveError::Unknown(Some(error))))
    }

    fn remember(&self, name: &DomainName, answer: Answer) {
        let mut known = self.known();
        if known.len() >= MOST {
            let now = Instant::now();
            known.retain(|_, answer| now < answer.until);
            if known.len() >= MOST {
                known.clear();
            }
        }
        known.insert(name.clone(), answer);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<DomainName, Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name of the machine's own files.
async fn local(name: &DomainName) -> io::Result<Vec<IpAddr>> {
    let found = timeout(PATIENCE, lookup_host((name.as_str(), 0))).await??;
    Ok(found.map(|address| address.ip().to_canonical()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_of_the_machine_is_resolved_and_remembered() {
        let resolver = Resolver::default();
        let name = DomainName::parse("localhost").unwrap();
        let first = resolver.resolve(&name).await.unwrap();
        assert!(first.iter().all(IpAddr::is_loopback), "{first:?}");
        assert!(Arc::ptr_eq(&first, &resolver.resolve(&name).await.unwrap()));
    }

    #[tokio::test]
    async fn more_names_than_fit_are_forgotten() {
        let resolver = Resolver::default();
        let answer = Answer { addresses: Arc::new([]), until: Instant::now() + REMEMBERED };
        for number in 0..MOST + 10 {
            resolver.remember(&DomainName::parse(&format!("h{number}.example")).unwrap(), answer.clone());
        }
        assert!(resolver.known().len() <= MOST);
    }
}
