//! What a client asks for: a host, a port and a scheme. Pure.

use std::fmt;

use super::host::{DomainName, Host, HostError};

/// Where a request or connection wants to go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The host.
    pub host: Host,
    /// The port; never 0.
    pub port: u16,
    /// What is spoken there.
    pub scheme: Scheme,
}

/// What is spoken with a target, as far as the client has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// Not said: CONNECT, SOCKS5.
    Tcp,
}

impl Target {
    /// Reads `host`, `host:port` or `[v6]:port`. Without a port it is the scheme's; where a scheme has none it must be said.
    pub fn parse(authority: &str, scheme: Scheme) -> Result<Self, HostError> {
        let (host, port) = split(authority)?;
        let port = match port {
            Some(port) => port_number(port)?,
            None => scheme.default_port().ok_or(HostError::Port)?,
        };
        Ok(Self { host: Host::parse(host)?, port, scheme })
    }

    /// A target of a host and a port that came apart.
    pub fn new(host: &str, port: u16, scheme: Scheme) -> Result<Self, HostError> {
        if port == 0 {
            return Err(HostError::Port);
        }
        Ok(Self { host: Host::parse(host)?, port, scheme })
    }

    /// Whether an authority that stands inside the connection (`Host`, `:authority`, server name) names this target. One
    /// without a port means the target's.
    pub fn is_named_by(&self, authority: &str) -> bool {
        let Ok((host, port)) = split(authority) else { return false };
        let same_port = port.is_none_or(|port| port_number(port) == Ok(self.port));
        // As nearly always: the one form of a name, maybe with letters of the other case, is read as that name.
        let same = |name: &DomainName| name.as_str().eq_ignore_ascii_case(host);
        let is_same = matches!(&self.host, Host::Name(name) if same(name));
        same_port && (is_same || Host::parse(host).is_ok_and(|host| host == self.host))
    }
}

impl Scheme {
    /// The port where none is said.
    pub fn default_port(self) -> Option<u16> {
        match self {
            Self::Http => Some(80),
            Self::Https => Some(443),
            Self::Tcp => None,
        }
    }
}

/// Splits an authority into the host, brackets included, and the text of the port.
fn split(authority: &str) -> Result<(&str, Option<&str>), HostError> {
    if authority.starts_with('[') {
        let end = authority.find(']').ok_or(HostError::Ipv6)? + 1;
        let (host, rest) = authority.split_at(end);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(HostError::Ipv6),
        };
    }
    match authority.split_once(':') {
        // An IPv6 address without brackets doesn't say where it ends.
        Some((_, port)) if port.contains(':') => Err(HostError::Ipv6),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((authority, None)),
    }
}

fn port_number(text: &str) -> Result<u16, HostError> {
    // `u16::from_str` would take a plus sign.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HostError::Port);
    }
    text.parse().ok().filter(|port| *port != 0).ok_or(HostError::Port)
}

/// The target as `host:port`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_the_said_one_or_the_schemes() {
        let shown = |authority, scheme| Target::parse(authority, scheme).map(|target| target.to_string());
        assert_eq!(shown("GitHub.com", Scheme::Https).unwrap(), "github.com:443");
        assert_eq!(shown("github.com:8080", Scheme::Http).unwrap(), "github.com:8080");
        assert_eq!(shown("[::1]", Scheme::Http).unwrap(), "[::1]:80");
        assert_eq!(shown("[::ffff:7f00:1]:443", Scheme::Tcp).unwrap(), "127.0.0.1:443");
        assert_eq!(shown("github.com", Scheme::Tcp), Err(HostError::Port));
    }

    #[test]
    fn a_wrong_port_is_refused() {
        for authority in
            ["a.example:", "a.example:0", "a.example:65536", "a.example:+1", "a.example: 1", "a.example:1x"]
        {
            assert_eq!(Target::parse(authority, Scheme::Http), Err(HostError::Port), "{authority:?}");
        }
        for authority in ["a:1:2", "::1", "[::1]x", "[::1", "user:password@a.example:80"] {
            assert_eq!(Target::parse(authority, Scheme::Http), Err(HostError::Ipv6), "{authority:?}");
        }
        assert_eq!(Target::new("a.example", 0, Scheme::Tcp), Err(HostError::Port));
    }

    #[test]
    fn names_inside_a_connection_must_agree_with_its_target() {
        let target = Target::parse("api.example:443", Scheme::Https).unwrap();
        for same in ["api.example", "API.example.", "api.example:443"] {
            assert!(target.is_named_by(same), "{same:?}");
        }
        for other in ["evil.example", "api.example:8443", "api.example.evil", "api.example:443:1", "", "api.example:x"]
        {
            assert!(!target.is_named_by(other), "{other:?}");
        }
    }
}
