//! The patterns of rules: hosts, address ranges and ports. Each is parsed as it is read, so that a wrong one is told with
//! its line. Pure.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::host::{DomainName, Host, HostError};

/// Which hosts a rule is about.
///
/// | pattern | fits |
/// |---|---|
/// | `github.com` | that name alone |
/// | `*.github.com` | every name beneath it, at any depth, and not `github.com` itself |
/// | `*` | every name and every public address |
///
/// A star stands nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// Every host.
    Every,
    /// The names beneath this one.
    Beneath(DomainName),
    /// This name.
    Exactly(DomainName),
}

/// A range of addresses: `10.1.0.0/16`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpRange(IpNet);

/// A port, a range of ports, or all of them: `443`, `"8000-8999"`, `"*"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ports {
    first: u16,
    last: u16,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A star where none may stand.
    #[error(
        "a star stands alone (`*`: every public host) or before the first dot (`*.example.com`: every name beneath it)"
    )]
    Star,
    /// An address among the names.
    #[error("an address belongs into `ips`")]
    Address,
    /// No name.
    #[error(transparent)]
    Host(#[from] HostError),
    /// No range.
    #[error("a range is an address, or one with a prefix length like `10.1.0.0/16`")]
    Range,
    /// An IPv4 address that is written as IPv6.
    #[error("an IPv4 address is written as four decimal numbers")]
    MappedRange,
    /// No port.
    #[error("ports are a number between 1 and 65535, a range like `8000-8999`, or `*`")]
    Ports,
}

impl FromStr for HostPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Ok(Self::Every);
        }
        let (beneath, name) = text.strip_prefix("*.").map_or((false, text), |name| (true, name));
        if name.contains('*') {
            return Err(PatternError::Star);
        }
        if matches!(Host::parse(name), Ok(Host::Address(_))) {
            return Err(PatternError::Address);
        }
        let name = DomainName::parse(name)?;
        Ok(if beneath { Self::Beneath(name) } else { Self::Exactly(name) })
    }
}

impl HostPattern {
    /// Whether the host fits. Addresses fit only [`HostPattern::Every`].
    pub fn fits(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Every, _) => true,
            (_, Host::Address(_)) => false,
            (Self::Exactly(name), Host::Name(host)) => name == host,
            (Self::Beneath(name), Host::Name(host)) => {
                host.as_str().strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("*"),
            Self::Beneath(name) => write!(f, "*.{name}"),
            Self::Exactly(name) => name.fmt(f),
        }
    }
}

impl FromStr for IpRange {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let range: IpNet = match text.parse::<IpAddr>() {
            Ok(address) => address.into(),
            Err(_) => text.parse().map_err(|_| PatternError::Range)?,
        };
        if range.addr().to_canonical() != range.addr() {
            return Err(PatternError::MappedRange);
        }
        Ok(Self(range.trunc()))
    }
}

impl IpRange {
    /// Whether the address is within.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether the whole range is within the block.
    pub(super) fn is_within(&self, block: &IpNet) -> bool {
        block.contains(&self.0)
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

impl FromStr for Ports {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Ok(Self::ALL);
        }
        let number = |text: &str| text.parse().ok().filter(|port| *port != 0).ok_or(PatternError::Ports);
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let ports = Self { first: number(first)?, last: number(last)? };
        if ports.first <= ports.last { Ok(ports) } else { Err(PatternError::Ports) }
    }
}

impl Ports {
    /// All ports.
    pub const ALL: Self = Self { first: 1, last: u16::MAX };

    /// One port.
    pub const fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// Whether the port is one of them.
    pub fn contains(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.last) {
            (1, u16::MAX) => f.write_str("*"),
            (first, last) if first == last => first.fmt(f),
            (first, last) => write!(f, "{first}-{last}"),
        }
    }
}

/// Reads a pattern from text, or ports from a number.
struct TextOrNumber<T>(std::marker::PhantomData<T>);

impl<T: FromStr<Err = PatternError>> Visitor<'_> for TextOrNumber<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pattern")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|error| E::custom(format_args!("`{}`: {error}", text.escape_debug())))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        Err(E::invalid_value(Unexpected::Signed(number), &self))
    }
}

macro_rules! as_text {
    ($($pattern:ty),+) => {$(
        impl<'de> Deserialize<'de> for $pattern {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(TextOrNumber(std::marker::PhantomData))
            }
        }

        impl Serialize for $pattern {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )+};
}

as_text!(HostPattern, IpRange, Ports);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_fits_any_depth_and_not_the_name_itself() {
        let fits =
            |pattern: &str, host: &str| pattern.parse::<HostPattern>().unwrap().fits(&Host::parse(host).unwrap());
        for (pattern, host, expected) in [
            ("github.com", "github.com", true),
            ("github.com", "GITHUB.com.", true),
            ("GitHub.com.", "github.com", true),
            ("github.com", "api.github.com", false),
            ("github.com", "github.com.evil.example", false),
            ("github.com", "evilgithub.com", false),
            ("*.github.com", "api.github.com", true),
            ("*.github.com", "a.b.github.com", true),
            ("*.github.com", "github.com", false),
            ("*.github.com", "evilgithub.com", false),
            ("*.github.com", "api.github.com.evil.example", false),
            ("*.github.com", "xn--gthub-n4a.com", false),
            ("*", "anything.example", true),
            ("*", "1.1.1.1", true),
            ("bücher.example", "xn--bcher-kva.example", true),
        ] {
            assert_eq!(fits(pattern, host), expected, "{pattern} and {host}");
        }
    }

    #[test]
    fn wrong_host_patterns_are_refused_with_a_reason() {
        for (pattern, error) in [
            ("**", PatternError::Star),
            ("**.github.com", PatternError::Star),
            ("api.*.com", PatternError::Star),
            ("*github.com", PatternError::Star),
            ("*.", PatternError::Host(HostError::Empty)),
            ("", PatternError::Host(HostError::Empty)),
            ("10.0.0.1", PatternError::Address),
            ("::1", PatternError::Address),
            ("*.10.0.0.1", PatternError::Address),
            ("2130706433", PatternError::Host(HostError::AmbiguousAddress)),
            ("https://github.com", PatternError::Host(HostError::Character)),
            ("github.com:443", PatternError::Host(HostError::Character)),
        ] {
            assert_eq!(pattern.parse::<HostPattern>(), Err(error), "{pattern:?}");
        }
    }

    #[test]
    fn a_range_is_shown_as_it_is_compared() {
        let shown = |text: &str| text.parse::<IpRange>().map(|range| range.to_string());
        assert_eq!(shown("10.1.2.3/16").unwrap(), "10.1.0.0/16");
        assert_eq!(shown("10.1.2.3").unwrap(), "10.1.2.3");
        assert_eq!(shown("fd00::1/8").unwrap(), "fd00::/8");
        assert_eq!(shown("10.1.0.0/33"), Err(PatternError::Range));
        assert_eq!(shown("10.1"), Err(PatternError::Range));
        assert_eq!(shown("::ffff:10.0.0.0/104"), Err(PatternError::MappedRange));
        assert!("10.0.0.0/8".parse::<IpRange>().unwrap().contains("::ffff:10.1.1.1".parse().unwrap()));
    }

    #[test]
    fn ports_are_numbers_ranges_or_all() {
        let ports: Vec<Ports> = serde_json::from_str(r#"[443, "8000-8999", "*"]"#).unwrap();
        assert!(ports[0].contains(443) && !ports[0].contains(444));
        assert!(ports[1].contains(8000) && ports[1].contains(8999) && !ports[1].contains(9000));
        assert!(ports[2].contains(1) && ports[2].contains(65535));
        assert_eq!(serde_json::to_string(&ports).unwrap(), r#"["443","8000-8999","*"]"#);
        for wrong in ["0", "-1", "65536", "\"9-8\"", "\"\"", "\"http\"", "true"] {
            assert!(serde_json::from_str::<Ports>(wrong).is_err(), "{wrong}");
        }
    }
}
