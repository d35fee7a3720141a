//! SOCKS 5 (RFC 1928) as far as it is spoken here: CONNECT without authentication. Pure: bytes in, messages out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::policy::{Host, HostError, Scheme, Target};

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const CONNECT: u8 = 1;

/// What the client hears when it offers a method that is taken.
pub const CHOICE: [u8; 2] = [VERSION, NO_AUTHENTICATION];

/// What the client hears when it offers none that is taken.
pub const NO_CHOICE: [u8; 2] = [VERSION, 0xff];

/// How a request is answered (RFC 1928, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Reply {
    /// Bytes go through from here on.
    Succeeded = 0,
    /// Something failed here.
    Failure = 1,
    /// The policy refuses it.
    NotAllowed = 2,
    /// Only CONNECT is spoken.
    CommandNotSupported = 7,
    /// The address is of no known type.
    AddressNotSupported = 8,
}

impl Reply {
    /// The reply's bytes. The address in it is nobody's business.
    pub fn bytes(self) -> [u8; 10] {
        [VERSION, self as u8, 0, 1, 0, 0, 0, 0, 0, 0]
    }
}

/// Why there is no SOCKS request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SocksError {
    /// It contradicts the protocol.
    #[error("the SOCKS request is malformed")]
    Malformed,
    /// Every method that the client offers asks for a password or the like.
    #[error("SOCKS is spoken without authentication only")]
    Authentication,
    /// BIND, UDP ASSOCIATE, or something unknown.
    #[error("of SOCKS only CONNECT is spoken, not command {0}")]
    Command(u8),
    /// The type of the address is unknown.
    #[error("SOCKS address type {0} is unknown")]
    AddressType(u8),
    /// The host isn't one.
    #[error("{0}")]
    Host(#[from] HostError),
}

impl SocksError {
    /// What the client hears, once methods have been agreed on.
    pub fn reply(self) -> Reply {
        match self {
            Self::Malformed | Self::Authentication => Reply::Failure,
            Self::Command(_) => Reply::CommandNotSupported,
            Self::AddressType(_) => Reply::AddressNotSupported,
            Self::Host(_) => Reply::NotAllowed,
        }
    }
}

/// Reads the offer of methods: how many bytes it has, if it is complete.
pub fn offer(bytes: &[u8]) -> Result<Option<usize>, SocksError> {
    match bytes {
        [] | [VERSION] => Ok(None),
        [VERSION, count, methods @ ..] => {
            let count = usize::from(*count);
            match methods.get(..count) {
                Some(methods) if methods.contains(&NO_AUTHENTICATION) => Ok(Some(2 + count)),
                Some(_) => Err(SocksError::Authentication),
                None => Ok(None),
            }
        }
        _ => Err(SocksError::Malformed),
    }
}

/// Reads the request: its target and how many bytes it has, if it is complete.
pub fn request(bytes: &[u8]) -> Result<Option<(Target, usize)>, SocksError> {
    match bytes {
        [] | [VERSION] => return Ok(None),
        [VERSION, CONNECT, ..] => {}
        [VERSION, command, ..] => return Err(SocksError::Command(*command)),
        _ => return Err(SocksError::Malformed),
    }
    let [_, _, reserved, kind, rest @ ..] = bytes else { return Ok(None) };
    if *reserved != 0 {
        return Err(SocksError::Malformed);
    }
    let length = match (kind, rest) {
        (1, _) => 4,
        (3, [length, ..]) => 1 + usize::from(*length),
        (3, []) => return Ok(None),
        (4, _) => 16,
        (kind, _) => return Err(SocksError::AddressType(*kind)),
    };
    let (Some(address), Some([high, low])) = (rest.get(..length), rest.get(length..length + 2)) else {
        return Ok(None);
    };
    let port = u16::from_be_bytes([*high, *low]);
    let target = match address {
        [_, name @ ..] if *kind == 3 => {
            let name = str::from_utf8(name).map_err(|_| HostError::Character)?;
            Target::new(name, port, Scheme::Tcp)?
        }
        address => of_address(address, port)?,
    };
    Ok(Some((target, 4 + length + 2)))
}

fn of_address(address: &[u8], port: u16) -> Result<Target, SocksError> {
    let address = match <[u8; 4]>::try_from(address) {
        Ok(four) => IpAddr::V4(Ipv4Addr::from(four)),
        Err(_) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(address).map_err(|_| SocksError::Malformed)?)),
    };
    if port == 0 {
        return Err(SocksError::Host(HostError::Port));
    }
    Ok(Target { host: Host::from(address), port, scheme: Scheme::Tcp })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_name(name: &[u8]) -> Vec<u8> {
        let length = u8::try_from(name.len()).unwrap();
        [&[5, 1, 0, 3, length], name, &[1, 187]].concat()
    }

    #[test]
    fn a_target_is_a_name_or_an_address() {
        let shown = |bytes: &[u8]| request(bytes).unwrap().map(|(target, length)| (target.to_string(), length));
        assert_eq!(shown(&by_name(b"API.example")), Some(("api.example:443".to_owned(), 18)));
        assert_eq!(shown(&[5, 1, 0, 1, 8, 8, 4, 4, 0, 80]), Some(("8.8.4.4:80".to_owned(), 10)));
        let v6 = [&[5, 1, 0, 4][..], &Ipv6Addr::LOCALHOST.octets(), &[0, 80, 9, 9]].concat();
        assert_eq!(shown(&v6), Some(("[::1]:80".to_owned(), 22)));
    }

    #[test]
    fn every_beginning_of_a_request_asks_for_more() {
        let whole = by_name(b"api.example");
        assert!((0..whole.len()).all(|length| request(&whole[..length]) == Ok(None)));
        assert_eq!(offer(&[5, 2, 1]), Ok(None));
        assert_eq!(offer(&[5, 2, 2, 0]), Ok(Some(4)));
    }

    #[test]
    fn what_isnt_spoken_is_refused_clearly() {
        assert_eq!(offer(&[5, 1, 2]), Err(SocksError::Authentication));
        assert_eq!(request(&[5, 2]), Err(SocksError::Command(2)));
        assert_eq!(request(&[5, 3]).unwrap_err().reply(), Reply::CommandNotSupported);
        assert_eq!(request(&[5, 1, 0, 9]), Err(SocksError::AddressType(9)));
        assert_eq!(request(&[5, 1, 7, 1]), Err(SocksError::Malformed));
        assert_eq!(request(&by_name(b"a.example\0.b")), Err(SocksError::Host(HostError::Character)));
        assert_eq!(request(&by_name(b"")), Err(SocksError::Host(HostError::Empty)));
        assert_eq!(request(&by_name(b"0x7f.1")), Err(SocksError::Host(HostError::AmbiguousAddress)));
        assert_eq!(request(&[5, 1, 0, 1, 8, 8, 8, 8, 0, 0]), Err(SocksError::Host(HostError::Port)));
    }
}
