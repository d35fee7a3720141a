//! The domains that a rule names. Pure.

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
}
