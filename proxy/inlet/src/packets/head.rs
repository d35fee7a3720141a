//! What a packet begins, read from its head (RFC 791, 8200, 9293, 768, 792, 4443). Pure: bytes in, an attempt out, if it is one
//! that nobody else tells of.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How many bytes of a packet are looked at: the longest head of IPv4, or that of IPv6 with extensions, and what of the next one counts.
pub const LONGEST: usize = 128;

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const ICMP: u8 = 1;
pub(super) const ICMPV6: u8 = 58;

/// Heads that may stand between that of IPv6 and the next protocol's: routing, fragment, options for the destination.
pub(super) const EXTENSIONS: [u8; 3] = [43, FRAGMENT, 60];
const FRAGMENT: u8 = 44;

/// The flags SYN and ACK; only the first packet of a connection has the one without the other.
pub(super) const SYN_ACK: u8 = 0x12;
pub(super) const SYN: u8 = 0x02;

/// Echo requests, by what a message begins with.
pub(super) const ECHO: u8 = 8;
pub(super) const ECHO_V6: u8 = 128;

/// Ports whose connections reach the proxy, which has records of them.
pub(super) const PROXIED: [u16; 2] = [80, 443];

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// By which protocol.
    pub transport: Transport,
    /// To which address.
    pub address: IpAddr,
    /// To which port; 0 where there are none.
    pub port: u16,
}

/// A protocol above IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A connection.
    Tcp,
    /// A datagram.
    Udp,
    /// An echo request.
    Icmp,
}

/// Reads a packet, which begins with the head of IP and may be cut off.
pub fn attempt(packet: &[u8]) -> Option<Attempt> {
    let ((address, protocol, rest), echo) = match packet.first()? >> 4 {
        4 => (v4(packet)?, (ICMP, ECHO)),
        6 => (v6(packet)?, (ICMPV6, ECHO_V6)),
        _ => return None,
    };
    if address.is_loopback() {
        return None;
    }
    let (transport, port) = begins(protocol, rest, echo)?;
    Some(Attempt { transport, address, port })
}

/// The destination, the next protocol, and what follows.
type Parts<'a> = (IpAddr, u8, &'a [u8]);

fn v4(packet: &[u8]) -> Option<Parts<'_>> {
    let length = usize::from(packet[0] & 15) * 4;
    let head: &[u8; 20] = packet.first_chunk()?;
    let rest = packet.get(length.max(head.len())..)?;
    // Later fragments have no head of the next protocol. Before the place of a fragment are three flags.
    let is_first = u16::from_be_bytes([head[6], head[7]]) << 3 == 0;
    let address: [u8; 4] = *head.last_chunk()?;
    is_first.then_some((Ipv4Addr::from(address).into(), head[9], rest))
}

fn v6(packet: &[u8]) -> Option<Parts<'_>> {
    let (head, mut rest) = packet.split_first_chunk::<40>()?;
    let address: [u8; 16] = *head.last_chunk()?;
    let mut next = head[6];
    while EXTENSIONS.contains(&next) {
        let (extension, _) = rest.split_first_chunk::<8>()?;
        if next == FRAGMENT && u16::from_be_bytes([extension[2], extension[3]]) & 0xfff8 != 0 {
            return None;
        }
        let length = if next == FRAGMENT { 8 } else { 8 + usize::from(extension[1]) * 8 };
        next = extension[0];
        rest = rest.get(length..)?;
    }
    Some((Ipv6Addr::from(address).into(), next, rest))
}

/// What the head of the next protocol begins, and at which port. `echo` is the protocol and the kind of an echo request.
fn begins(protocol: u8, rest: &[u8], echo: (u8, u8)) -> Option<(Transport, u16)> {
    match (protocol, rest) {
        (TCP, [_, _, high, low, _, _, _, _, _, _, _, _, _, flags, ..]) => {
            let port = u16::from_be_bytes([*high, *low]);
            let is_told = flags & SYN_ACK != SYN || PROXIED.contains(&port);
            (!is_told).then_some((Transport::Tcp, port))
        }
        (UDP, [_, _, high, low, ..]) => Some((Transport::Udp, u16::from_be_bytes([*high, *low]))),
        (protocol, [kind, ..]) if (protocol, *kind) == echo => Some((Transport::Icmp, 0)),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A packet with the head of IP that its address asks for.
    pub fn packet(address: IpAddr, protocol: u8, rest: &[u8]) -> Vec<u8> {
        match address {
            IpAddr::V4(address) => {
                let head = [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1];
                [&head[..], &address.octets(), rest].concat()
            }
            IpAddr::V6(address) => {
                let head = [0x60, 0, 0, 0, 0, 0, protocol, 64];
                [&head[..], &[0; 16], &address.octets(), rest].concat()
            }
        }
    }

    pub fn tcp(port: u16, flags: u8) -> Vec<u8> {
        let port = port.to_be_bytes();
        [&[200, 0, port[0], port[1]], &[0; 8][..], &[0x50, flags, 0, 0, 0, 0, 0, 0]].concat()
    }

    fn read(address: &str, protocol: u8, rest: &[u8]) -> Option<(Transport, u16)> {
        let address = address.parse().unwrap();
        let attempt = attempt(&packet(address, protocol, rest))?;
        assert_eq!(attempt.address, address);
        Some((attempt.transport, attempt.port))
    }

    #[test]
    fn the_beginning_of_a_connection_is_an_attempt() {
        for address in ["203.0.113.7", "2001:db8::7"] {
            assert_eq!(read(address, TCP, &tcp(25, SYN)), Some((Transport::Tcp, 25)));
            assert_eq!(read(address, UDP, &[200, 0, 0, 53, 0, 8, 0, 0]), Some((Transport::Udp, 53)));
        }
        assert_eq!(read("203.0.113.7", ICMP, &[ECHO, 0]), Some((Transport::Icmp, 0)));
        assert_eq!(read("2001:db8::7", ICMPV6, &[ECHO_V6, 0]), Some((Transport::Icmp, 0)));
    }

    #[test]
    fn what_others_tell_of_or_nobody_began_is_none() {
        for address in ["127.0.0.1", "127.9.9.9", "::1"] {
            assert_eq!(read(address, TCP, &tcp(25, SYN)), None, "{address}");
        }
        for (port, flags) in [(80, SYN), (443, SYN), (25, SYN_ACK), (25, 0x10), (25, 0x04)] {
            assert_eq!(read("203.0.113.7", TCP, &tcp(port, flags)), None, "{port} {flags}");
        }
        assert_eq!(read("203.0.113.7", ICMP, &[0, 0]), None);
        assert_eq!(read("203.0.113.7", ICMPV6, &[ECHO_V6, 0]), None);
        assert_eq!(read("ff02::16", ICMPV6, &[143, 0]), None);
    }

    #[test]
    fn options_and_extensions_hide_nothing() {
        let address = "203.0.113.7".parse().unwrap();
        let mut with_options = packet(address, TCP, &[&[1; 40][..], &tcp(25, SYN)].concat());
        with_options[0] = 0x4f;
        assert_eq!(attempt(&with_options).map(|attempt| attempt.port), Some(25));
        let extensions = [&[FRAGMENT, 0, 1, 4, 0, 0, 0, 0][..], &[UDP, 0, 0, 1, 0, 0, 0, 0], &[0, 9, 0, 53]].concat();
        assert_eq!(read("2001:db8::7", 60, &extensions), Some((Transport::Udp, 53)));
        let later = [&[UDP, 0, 1, 1, 0, 0, 0, 0][..], &[0, 9, 0, 53]].concat();
        assert_eq!(read("2001:db8::7", FRAGMENT, &later), None);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read(packet in proptest::collection::vec(any::<u8>(), 0..200)) {
            attempt(&packet);
        }

        #[test]
        fn what_is_cut_off_is_what_it_is_or_nothing(length in 0usize..60, v6 in any::<bool>()) {
            let address: IpAddr = if v6 { "2001:db8::7" } else { "203.0.113.7" }.parse().unwrap();
            let whole = packet(address, TCP, &tcp(25, SYN));
            let cut = attempt(&whole[..length.min(whole.len())]);
            prop_assert!(cut.is_none() || cut == attempt(&whole));
        }
    }
}
