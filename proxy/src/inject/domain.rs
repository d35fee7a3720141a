//! The domains that a rule names, and the one kind of pattern that its paths have. Pure.

use std::net::IpAddr;
use std::str::FromStr;

use crate::policy::{Host, HostPattern, PatternError};

/// The hosts that a rule is about. Never all of them: a secret is somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domain {
    /// A name, or every name beneath one.
    Names(HostPattern),
    /// An address.
    Address(IpAddr),
}

impl Domain {
    /// Whether a host is meant.
    pub fn contains(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Names(pattern), host) => pattern.fits(host),
            (Self::Address(address), Host::Address(host)) => address == host,
            (Self::Address(_), Host::Name(_)) => false,
        }
    }
}

impl FromStr for Domain {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(HostPattern::Every) => Err(PatternError::Star),
            Ok(pattern) => Ok(Self::Names(pattern)),
            Err(PatternError::Address) => match Host::parse(text)? {
                Host::Address(address) => Ok(Self::Address(address)),
                Host::Name(_) => Err(PatternError::Address),
            },
            Err(error) => Err(error),
        }
    }
}

/// Whether a text matches a pattern in which `*` stands for any characters, also none.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_names_beneath_a_domain() {
        let contains =
            |domain: &str, host: &str| domain.parse::<Domain>().unwrap().contains(&Host::parse(host).unwrap());
        assert!(contains("api.example", "API.example."));
        assert!(contains("*.example", "api.example"));
        assert!(contains("*.example", "a.b.example"));
        assert!(!contains("*.example", "example"));
        assert!(!contains("*.api.example", "evilapi.example"));
        assert!(!contains("api.example", "api.example.evil"));
        assert!(contains("127.0.0.1", "127.0.0.1"));
        assert!("*".parse::<Domain>().is_err());
        assert!("*.*.example".parse::<Domain>().is_err());
    }

    #[test]
    fn a_star_in_a_path_stands_for_anything() {
        assert!(matches("/v1/*", "/v1/messages"));
        assert!(matches("/v1/*", "/v1/"));
        assert!(!matches("/v1/*", "/v2/v1/"));
        assert!(matches("*/blobs/*", "/v2/a/blobs/x"));
        assert!(!matches("*/blobs/*.gz", "/v2/a/blobs/x"));
        assert!(matches("/a*b*c", "/a-b-c"));
        assert!(!matches("/a*b*c", "/acb"));
        assert!(matches("/exact", "/exact"));
        assert!(!matches("/exact", "/exact/more"));
    }
}
