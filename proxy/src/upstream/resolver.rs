//! Names to addresses, by the machine's own file and the system's resolver, remembered for a short time.
//!
//! A name is a whole one: no search list makes another of it, which nobody would have been asked about.
//!
//! What is remembered is what was checked: within that time a name can't be turned to another address, and a request never
//! dials what it hasn't asked the policy about.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
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

/// The machine's own names (hosts(5)). The system's resolver knows them only without the dot at their end.
const HOSTS: &str = "/etc/hosts";

/// Asks the system for a name's addresses.
type Ask = fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;

/// Resolves names. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Resolver {
    known: Arc<Mutex<HashMap<DomainName, Answer>>>,
    hosts: &'static str,
    system: Ask,
}

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

impl Default for Resolver {
    fn default() -> Self {
        Self { known: Arc::default(), hosts: HOSTS, system: ask_system }
    }
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
        // Without the file there are no names in it.
        let hosts = tokio::fs::read(self.hosts).await.unwrap_or_default();
        let own = addresses_in(&String::from_utf8_lossy(&hosts), name);
        let found = if own.is_empty() {
            // With the dot at its end the name is a whole one.
            timeout(PATIENCE, (self.system)(format!("{name}."))).await.map_err(|_| ResolveError::Late)?
        } else {
            Ok(own)
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
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ask_system(name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
    async move { Ok(lookup_host((name, 0)).await?.map(|address| address.ip().to_canonical()).collect()) }.boxed()
}

/// The addresses that a file like `/etc/hosts` has for a name. Lines that aren't understood have none.
fn addresses_in(hosts: &str, name: &DomainName) -> Vec<IpAddr> {
    let lines = hosts.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address: IpAddr = words.next()?.parse().ok()?;
        let is_named = words.any(|word| DomainName::parse(word).is_ok_and(|word| word == *name));
        is_named.then(|| address.to_canonical())
    });
    lines.collect()
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

    /// A system whose search list makes a name of its own of each that isn't whole.
    fn searching(name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async move {
            match name.as_str() {
                "api.example." => Ok(vec!["192.0.2.1".parse().unwrap()]),
                name if name.ends_with('.') => Err(io::ErrorKind::NotFound.into()),
                _ => Ok(vec!["10.9.9.9".parse().unwrap()]),
            }
        }
        .boxed()
    }

    #[tokio::test]
    async fn no_search_list_makes_another_name_of_one() {
        let resolver = Resolver { system: searching, ..Resolver::default() };
        let resolve = async |name| resolver.resolve(&DomainName::parse(name).unwrap()).await;
        assert_eq!(*resolve("api.example").await.unwrap(), ["192.0.2.1".parse::<IpAddr>().unwrap()]);
        for name in ["nosuch.example", "meta"] {
            let found = resolve(name).await;
            assert!(matches!(found, Err(ResolveError::Unknown(Some(_)))), "{name}: {found:?}");
        }
    }

    #[test]
    fn names_of_the_machine_are_those_of_its_file() {
        let hosts = "# 10.0.0.1 a.example\n127.0.0.1\tlocalhost a.example # b.example\n::1 localhost\n\
                     nonsense a.example\n::ffff:10.0.0.2 A.example.\n10.0.0.3 a.example.evil";
        let found =
            |name| addresses_in(hosts, &DomainName::parse(name).unwrap()).iter().map(IpAddr::to_string).collect();
        let found: [Vec<String>; 3] = ["localhost", "a.example", "b.example"].map(found);
        assert_eq!(found, [vec!["127.0.0.1", "::1"], vec!["127.0.0.1", "10.0.0.2"], vec![]]);
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
