//! The section `upstream` of the configuration, and what is read from it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::dial::Dialer;
use super::roots::{self, Roots};
use crate::policy::{Host, HostError, Scheme, Target};
use crate::secret::Secret;

/// How hosts are reached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamConfig {
    /// Whose certificates are trusted.
    pub roots: Roots,
    /// Authorities that are trusted as well: files with certificates, or the certificates themselves (PEM).
    pub extra_ca: Vec<String>,
    /// A proxy that everything goes through.
    pub proxy: Option<Parent>,
    /// Addresses that are dialled for a `host` or `host:port` in place of its own: `ADDRESS` or `ADDRESS:PORT`. They count
    /// as named by the policy. Not through the proxy.
    pub addresses: BTreeMap<String, String>,
    /// The mark of the proxy's own sockets (`SO_MARK`), by which a firewall knows them. Needs `CAP_NET_ADMIN`.
    pub mark: Option<u32>,
    /// Whether HTTP/2 is offered to hosts.
    pub http2: bool,
    /// For how long an address is tried, in seconds.
    pub connect_timeout: u64,
    /// For how long an answer is awaited after the last piece of the request has gone, in seconds.
    pub answer_timeout: u64,
}

impl Default for UpstreamConfig {
    fn default() -> Self {
        Self {
            roots: Roots::default(),
            extra_ca: Vec::new(),
            proxy: None,
            addresses: BTreeMap::new(),
            mark: None,
            http2: true,
            connect_timeout: 10,
            answer_timeout: 900,
        }
    }
}

/// A proxy that everything goes through, by CONNECT. It resolves names itself, so that rules about addresses hold only for
/// hosts that are given as addresses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// Its `host:port`.
    pub address: String,
    /// Who we are to it.
    #[serde(default)]
    pub username: Option<String>,
    /// Our password there.
    #[serde(default)]
    pub password: Option<Secret>,
}

/// What is wrong with the section.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// A file with certificates can't be used.
    #[error("upstream.extra_ca: the certificates of {} can't be read", file.display())]
    ExtraCa {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: rustls::pki_types::pem::Error,
    },
    /// A certificate can't be used.
    #[error("upstream.extra_ca: a certificate can't be used")]
    Certificate(#[from] rustls::Error),
    /// There is no certificate where one was promised.
    #[error("upstream.extra_ca: there is no certificate in {}", .0.display())]
    NoCertificate(PathBuf),
    /// The parent's address isn't one. It may have a password in it, so that it isn't told.
    #[error("upstream.proxy.address isn't a host and a port alone, like `proxy.corp:3128`")]
    Parent(#[source] HostError),
    /// A host isn't one.
    #[error("upstream.addresses: {text:?} isn't a host or a host and a port")]
    Host {
        /// The text.
        text: String,
        /// Why not.
        source: HostError,
    },
    /// An address isn't one.
    #[error("upstream.addresses: {0:?} isn't an address or an address and a port")]
    Address(String),
    /// The password refers to a secret that isn't there, or no longer.
    #[error("upstream.proxy.password refers to a secret that isn't the one of this address: write its value")]
    UnknownSecret,
}

/// Addresses in place of others.
#[derive(Debug, Clone, Default)]
pub struct Overrides(BTreeMap<(String, Option<u16>), (IpAddr, Option<u16>)>);

impl Overrides {
    /// What to dial for a target, if it isn't the target's own address.
    pub fn find(&self, target: &Target) -> Option<SocketAddr> {
        let host = target.host.to_string();
        let (address, port) = self.0.get(&(host.clone(), Some(target.port))).or_else(|| self.0.get(&(host, None)))?;
        Some(SocketAddr::new(*address, port.unwrap_or(target.port)))
    }
}

impl UpstreamConfig {
    /// Puts the password of `before` where this one only refers to it. It stays with the address that it was given for.
    pub fn restore(&mut self, before: &Self) {
        let (Some(proxy), Some(before)) = (&mut self.proxy, &before.proxy) else { return };
        if let (Some(password), Some(secret)) = (&mut proxy.password, &before.password)
            && proxy.address == before.address
            && password.refers_to(secret)
        {
            password.clone_from(secret);
        }
    }

    /// Makes what dials.
    pub fn dialer(&self) -> Result<Dialer, UpstreamError> {
        let roots = roots::store(self.roots, &self.extra_ca)?;
        let parent = self.proxy.as_ref().map(ParentRoute::new).transpose()?;
        Ok(Dialer {
            tls: roots::client_configs(roots, self.http2)?,
            parent,
            mark: self.mark,
            patience: Duration::from_secs(self.connect_timeout),
        })
    }

    /// Reads the addresses in place of others.
    pub fn overrides(&self) -> Result<Overrides, UpstreamError> {
        let read = |(host, address): (&String, &String)| {
            let bad_host = |source| UpstreamError::Host { text: host.clone(), source };
            let key = if let Ok(host) = Host::parse(host) {
                (host.to_string(), None)
            } else {
                let target = Target::parse(host, Scheme::Tcp).map_err(bad_host)?;
                (target.host.to_string(), Some(target.port))
            };
            let address = match (address.parse::<SocketAddr>(), address.parse::<IpAddr>()) {
                (Ok(address), _) => (address.ip(), Some(address.port())),
                (_, Ok(address)) => (address, None),
                _ => return Err(UpstreamError::Address(address.clone())),
            };
            Ok((key, address))
        };
        self.addresses.iter().map(read).collect::<Result<_, _>>().map(Overrides)
    }
}

/// A parent that is ready to be asked.
#[derive(Debug, Clone)]
pub struct ParentRoute {
    /// Where it is.
    pub target: Target,
    /// What is said in `Proxy-Authorization`.
    pub authorization: Option<Secret>,
}

impl ParentRoute {
    fn new(parent: &Parent) -> Result<Self, UpstreamError> {
        let target = Target::parse(&parent.address, Scheme::Tcp).map_err(UpstreamError::Parent)?;
        if parent.password.as_ref().is_some_and(Secret::is_reference) {
            return Err(UpstreamError::UnknownSecret);
        }
        let authorization = parent.username.as_ref().map(|username| {
            let password = parent.password.as_ref().map(Secret::reveal).unwrap_or_default();
            Secret::new(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))
        });
        Ok(Self { target, authorization })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_for_a_host_or_for_one_of_its_ports() {
        let addresses = [("a.example", "127.0.0.1:8443"), ("b.example:443", "10.0.0.1"), ("[::1]:80", "[::1]:8080")];
        let config = UpstreamConfig {
            addresses: addresses.map(|(host, address)| (host.to_owned(), address.to_owned())).into(),
            ..UpstreamConfig::default()
        };
        let overrides = config.overrides().unwrap();
        let find = |authority| {
            let found = overrides.find(&Target::parse(authority, Scheme::Tcp).unwrap());
            found.map(|address| address.to_string())
        };
        assert_eq!(find("a.example:443").as_deref(), Some("127.0.0.1:8443"));
        assert_eq!(find("a.example:80").as_deref(), Some("127.0.0.1:8443"));
        assert_eq!(find("b.example:443").as_deref(), Some("10.0.0.1:443"));
        assert_eq!(find("b.example:80"), None);
        assert_eq!(find("[::1]:80").as_deref(), Some("[::1]:8080"));
    }

    #[test]
    fn a_wrong_parent_is_told_without_the_password_in_it() {
        let refused = |address: &str| {
            let parent = Parent { address: address.to_owned(), username: None, password: None };
            UpstreamConfig { proxy: Some(parent), ..UpstreamConfig::default() }.dialer().unwrap_err()
        };
        let error = format!("{:#}", anyhow::Error::from(refused("http://me:canary@proxy.corp:3128")));
        assert!(error.contains("upstream.proxy.address") && !error.contains("canary"), "{error}");
    }

    #[test]
    fn a_wrong_address_is_told() {
        for (host, address) in [("a b", "127.0.0.1"), ("a.example", "b.example"), ("a.example:0", "127.0.0.1")] {
            let addresses = [(host.to_owned(), address.to_owned())].into();
            assert!(UpstreamConfig { addresses, ..UpstreamConfig::default() }.overrides().is_err(), "{host} {address}");
        }
    }
}
