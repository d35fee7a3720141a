//! What a client may name as a host, brought into one form. Pure.
//!
//! Every name that is compared, resolved, logged or dialled has gone through [`Host::parse`]. What two programs could read
//! differently is refused instead of being read in one of the ways: whoever resolves the name later must not see another
//! host than the policy saw.

use std::borrow::Borrow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// The longest name that DNS has (RFC 1035, §2.3.4), in its written form without the trailing dot.
const LONGEST_NAME: usize = 253;

/// A host that a client asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name, still to be resolved.
    Name(DomainName),
    /// An address. An IPv4 address written as IPv6 (`::ffff:127.0.0.1`) is the IPv4 address.
    Address(IpAddr),
}

/// A name of DNS in its one form: lower case, no trailing dot, other scripts as punycode.
///
/// It is shown as punycode, too: `gіthub.com` with a Cyrillic letter reads `xn--gthub-n4a.com` in every log and matches no
/// rule that names `github.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName(Arc<str>);

/// Why a text names no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// There is nothing.
    #[error("the host is empty")]
    Empty,
    /// It is longer than a name of DNS can be.
    #[error("the host is longer than {LONGEST_NAME} characters")]
    TooLong,
    /// It has a character that no host name has: a control character, `%`, `@`, `_`, a space, a letter that isn't ASCII …
    #[error("the host has a character that doesn't belong in a host name")]
    Character,
    /// A label is empty, too long, begins or ends with a hyphen, or is no valid punycode.
    #[error("the host isn't a valid domain name")]
    Name,
    /// It is an IPv4 address to some programs and none to others: `127.1`, `2130706433`, `0x7f.1`, `017700000001`, `0`.
    #[error("an IPv4 address is written as four decimal numbers")]
    AmbiguousAddress,
    /// It is in brackets and no IPv6 address, or has a zone.
    #[error("the host isn't a valid IPv6 address")]
    Ipv6,
    /// It is followed by something that is no port.
    #[error("the port isn't a number between 1 and 65535")]
    Port,
}

impl Host {
    /// Reads a host as it stands in a URL, a `Host` header, a CONNECT line, a server name or a SOCKS5 request: a name, an
    /// IPv4 address of four decimal numbers, or an IPv6 address with or without brackets.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(HostError::Ipv6)?;
            return Ok(Self::from(inner.parse::<Ipv6Addr>().map_err(|_| HostError::Ipv6)?));
        }
        if text.contains(':') {
            return Ok(Self::from(text.parse::<Ipv6Addr>().map_err(|_| HostError::Ipv6)?));
        }
        if !text.is_ascii() {
            // Clients send punycode. Mapping what they didn't map would make `ｇithub.com` and `127。0。0。1` names of
            // something that a rule or another program reads otherwise.
            return Err(HostError::Character);
        }
        DomainName::normalise(text)
    }
}

impl DomainName {
    /// Reads a name that a person wrote into a rule: other scripts are allowed and become punycode.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        match DomainName::normalise(text)? {
            Host::Name(name) => Ok(name),
            Host::Address(_) => Err(HostError::Name),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names that this one is beneath, the nearest first: of `a.b.c` they are `b.c` and `c`.
    pub(super) fn parents(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('.').map(|(dot, _)| &self.0[dot + 1..])
    }

    fn normalise(text: &str) -> Result<Host, HostError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.len() > LONGEST_NAME {
            return Err(HostError::TooLong);
        }
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        if text.bytes().any(|byte| byte.is_ascii() && !(byte.is_ascii_alphanumeric() || b"-.".contains(&byte))) {
            return Err(HostError::Character);
        }
        let name = Uts46::new()
            .to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
            .map_err(|_| HostError::Name)?;
        // After the mapping, so that digits of another script are seen as what they became.
        if !ends_in_a_number(&name) {
            return Ok(Host::Name(Self(name.into())));
        }
        name.parse::<Ipv4Addr>().map(|address| Host::Address(address.into())).map_err(|_| HostError::AmbiguousAddress)
    }
}

/// Whether some program could take the name for an IPv4 address: its last label is a number, decimal, octal or
/// hexadecimal (the WHATWG URL Standard's "ends in a number"). No top-level domain is one.
fn ends_in_a_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let hexadecimal = last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Lets maps by name be asked with a part of a name.
impl Borrow<str> for DomainName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        Self::Address(address.to_canonical())
    }
}

impl From<Ipv6Addr> for Host {
    fn from(address: Ipv6Addr) -> Self {
        Self::from(IpAddr::V6(address))
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The host as it stands in a URL: an IPv6 address is in brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        match Host::parse(text) {
            Ok(Host::Name(name)) => name.to_string(),
            other => panic!("{text:?} should be a name, not {other:?}"),
        }
    }

    #[test]
    fn a_name_has_one_form() {
        assert_eq!(name("GitHub.COM"), "github.com");
        assert_eq!(name("github.com."), "github.com");
        assert_eq!(name("r3---sn-abc.example"), "r3---sn-abc.example");
        assert_eq!(name("localhost"), "localhost");
        assert_eq!(name("XN--GTHUB-N4A.com"), "xn--gthub-n4a.com");
        assert_eq!(name("0x7f.example"), "0x7f.example");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        use HostError::{AmbiguousAddress, Character, Empty, Ipv6, Name, TooLong};
        let long = format!("{}.example", "a.".repeat(130));
        for (text, error) in [
            ("", Empty),
            (".", Empty),
            ("127.1", AmbiguousAddress),
            ("127.0.1", AmbiguousAddress),
            ("2130706433", AmbiguousAddress),
            ("017700000001", AmbiguousAddress),
            ("0177.0.0.1", AmbiguousAddress),
            ("0x7f.1", AmbiguousAddress),
            ("0x7f000001", AmbiguousAddress),
            ("127.0.0.0x1", AmbiguousAddress),
            ("127.0.0.0X1", AmbiguousAddress),
            ("0x", AmbiguousAddress),
            ("0", AmbiguousAddress),
            ("1.2.3.4.5", AmbiguousAddress),
            ("256.0.0.1", AmbiguousAddress),
            ("evil.example.1", AmbiguousAddress),
            ("127.0.0.01", AmbiguousAddress),
            ("github.com\0.evil.example", Character),
            ("github.com%00.evil.example", Character),
            ("github.com%2eevil.example", Character),
            ("github.com\r\nx", Character),
            ("github.com\n", Character),
            ("user@evil.example", Character),
            ("github.com@evil.example", Character),
            ("github.com/evil", Character),
            ("github.com\\evil", Character),
            ("github.com evil", Character),
            ("github_com.evil.example", Character),
            ("*.github.com", Character),
            ("g\u{456}thub.com", Character),
            ("\u{ff47}ithub.com", Character),
            ("127\u{3002}0\u{3002}0\u{3002}1", Character),
            ("github.com..", Name),
            (".github.com", Name),
            ("github..com", Name),
            ("-github.com", Name),
            ("github-.com", Name),
            ("xn--.com", Name),
            ("xn--github-.com", Name),
            ("xn--a.com", Name),
            ("[::1", Ipv6),
            ("[127.0.0.1]", Ipv6),
            ("[fe80::1%25eth0]", Ipv6),
            ("fe80::1%eth0", Ipv6),
            ("[::1]:80", Ipv6),
            ("github.com:443", Ipv6),
            (&long, TooLong),
        ] {
            assert_eq!(Host::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn an_address_has_one_form() {
        let address = |text| match Host::parse(text) {
            Ok(Host::Address(address)) => address.to_string(),
            other => panic!("{text:?} should be an address, not {other:?}"),
        };
        assert_eq!(address("127.0.0.1"), "127.0.0.1");
        assert_eq!(address("127.0.0.1."), "127.0.0.1");
        assert_eq!(address("[::1]"), "::1");
        assert_eq!(address("::1"), "::1");
        assert_eq!(address("[::ffff:7f00:1]"), "127.0.0.1");
        assert_eq!(address("[::FFFF:169.254.169.254]"), "169.254.169.254");
        assert_eq!(address("[0:0:0:0:0:0:0:1]"), "::1");
    }

    #[test]
    fn a_rule_may_be_written_in_its_own_script() {
        assert_eq!(DomainName::parse("Bücher.example").unwrap().as_str(), "xn--bcher-kva.example");
        assert_ne!(DomainName::parse("g\u{456}thub.com"), DomainName::parse("github.com"));
        assert_eq!(DomainName::parse("10.0.0.1"), Err(HostError::Name));
    }

    #[test]
    fn a_name_knows_what_it_is_beneath() {
        let name = DomainName::parse("a.b.c").unwrap();
        assert_eq!(name.parents().collect::<Vec<_>>(), ["b.c", "c"]);
    }
}
