//! What kind of address an address is, by IANA's special-purpose registries (RFC 6890 and what updates it). Pure.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::Serialize;

/// A kind of address. All but public ones are refused unless a rule names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressClass {
    /// Reachable on the internet by anybody.
    Public,
    /// For private networks: RFC 1918, IPv6 unique local.
    Private,
    /// Shared by the customers of a carrier: 100.64.0.0/10.
    CarrierNat,
    /// An address of the machine that the sandbox runs on.
    Host,
    /// The machine itself.
    Loopback,
    /// The network that the machine is plugged into.
    LinkLocal,
    /// Where clouds hand credentials to a machine.
    Metadata,
    /// Many receivers at once.
    Multicast,
    /// An IPv6 address that stands for an IPv4 one, which a translator on the way would reach: NAT64, 6to4, Teredo.
    Embedded,
    /// For examples in documents.
    Documentation,
    /// No address: `0.0.0.0`, `::`. The system takes it for loopback.
    Unspecified,
    /// For tests of equipment, for protocols, or for nothing yet.
    Reserved,
}

/// Where the clouds' metadata services answer: AWS, Azure, Google and most others on the first; AWS ECS and EKS; Alibaba;
/// Oracle's old one; Azure's platform address; AWS and Google over IPv6.
const METADATA: [IpAddr; 9] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// The special blocks of IPv4; the first that fits counts.
const V4_BLOCKS: [(Ipv4Net, AddressClass); 15] = [
    (v4([0, 0, 0, 0], 8), AddressClass::Unspecified),
    (v4([10, 0, 0, 0], 8), AddressClass::Private),
    (v4([100, 64, 0, 0], 10), AddressClass::CarrierNat),
    (v4([127, 0, 0, 0], 8), AddressClass::Loopback),
    (v4([169, 254, 0, 0], 16), AddressClass::LinkLocal),
    (v4([172, 16, 0, 0], 12), AddressClass::Private),
    (v4([192, 0, 0, 0], 24), AddressClass::Reserved),
    (v4([192, 0, 2, 0], 24), AddressClass::Documentation),
    (v4([192, 88, 99, 0], 24), AddressClass::Embedded),
    (v4([192, 168, 0, 0], 16), AddressClass::Private),
    (v4([198, 18, 0, 0], 15), AddressClass::Reserved),
    (v4([198, 51, 100, 0], 24), AddressClass::Documentation),
    (v4([203, 0, 113, 0], 24), AddressClass::Documentation),
    (v4([224, 0, 0, 0], 4), AddressClass::Multicast),
    (v4([240, 0, 0, 0], 4), AddressClass::Reserved),
];

/// The special blocks of IPv6; the first that fits counts. What no block has and lies outside of `2000::/3` is reserved.
const V6_BLOCKS: [(Ipv6Net, AddressClass); 15] = [
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), AddressClass::Unspecified),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), AddressClass::Loopback),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 96), AddressClass::Embedded),
    (v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), AddressClass::Embedded),
    (v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96), AddressClass::Embedded),
    (v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), AddressClass::Embedded),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), AddressClass::Embedded),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), AddressClass::Embedded),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), AddressClass::Documentation),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), AddressClass::Reserved),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), AddressClass::Embedded),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), AddressClass::Documentation),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), AddressClass::Private),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), AddressClass::LinkLocal),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), AddressClass::Multicast),
];

/// What IANA has given out to networks of the internet so far.
const V6_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::from_octets(octets), prefix)
}

const fn v6(segments: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_segments(segments), prefix)
}

/// The class of an address, and the block that gives it the class: only a range within that block names the address.
/// Public addresses have no block. `hosts` are the addresses of the machine.
pub(super) fn classify(address: IpAddr, hosts: &[IpAddr]) -> (AddressClass, Option<IpNet>) {
    let address = address.to_canonical();
    if METADATA.contains(&address) {
        return (AddressClass::Metadata, Some(address.into()));
    }
    let (class, block) = match address {
        IpAddr::V4(address) => match V4_BLOCKS.iter().find(|(block, _)| block.contains(&address)) {
            Some((block, class)) => (*class, Some(IpNet::V4(*block))),
            None => (AddressClass::Public, None),
        },
        IpAddr::V6(address) => match V6_BLOCKS.iter().find(|(block, _)| block.contains(&address)) {
            Some((block, class)) => (*class, Some(IpNet::V6(*block))),
            None if V6_UNICAST.contains(&address) => (AddressClass::Public, None),
            None => (AddressClass::Reserved, Some(IpNet::V6(address.into()))),
        },
    };
    // Loopback is the host as well, and called by its better-known name.
    if class != AddressClass::Loopback && hosts.iter().any(|host| host.to_canonical() == address) {
        return (AddressClass::Host, Some(address.into()));
    }
    (class, block)
}

impl AddressClass {
    /// Whether a domain rule that says `private: true` may lead to such an address. The others are reached only through a
    /// range, because whoever answers for the name could otherwise turn it to the proxy itself or to a cloud's secrets.
    pub(super) fn opened_by_private(self) -> bool {
        matches!(self, Self::Public | Self::Private | Self::CarrierNat | Self::Host)
    }
}

/// The class as the rule that refuses it is called.
impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public address",
            Self::Private => "private address",
            Self::CarrierNat => "carrier NAT address",
            Self::Host => "host address",
            Self::Loopback => "loopback address",
            Self::LinkLocal => "link-local address",
            Self::Metadata => "metadata address",
            Self::Multicast => "multicast address",
            Self::Embedded => "IPv4 address embedded in IPv6",
            Self::Documentation => "documentation address",
            Self::Unspecified => "unspecified address",
            Self::Reserved => "reserved address",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_has_its_class() {
        use AddressClass::{
            CarrierNat, Documentation, Embedded, Host, LinkLocal, Loopback, Metadata, Multicast, Private, Public,
            Reserved, Unspecified,
        };
        let hosts = ["172.17.0.1".parse().unwrap(), "9.9.9.9".parse().unwrap(), "127.0.0.1".parse().unwrap()];
        for (text, class) in [
            ("0.0.0.0", Unspecified),
            ("0.1.2.3", Unspecified),
            ("1.1.1.1", Public),
            ("9.255.255.255", Public),
            ("10.0.0.0", Private),
            ("10.255.255.255", Private),
            ("11.0.0.0", Public),
            ("100.63.255.255", Public),
            ("100.64.0.0", CarrierNat),
            ("100.127.255.255", CarrierNat),
            ("100.128.0.0", Public),
            ("100.100.100.200", Metadata),
            ("127.0.0.1", Loopback),
            ("127.255.255.255", Loopback),
            ("168.63.129.16", Metadata),
            ("169.254.0.1", LinkLocal),
            ("169.254.169.254", Metadata),
            ("169.254.170.2", Metadata),
            ("172.15.255.255", Public),
            ("172.16.0.0", Private),
            ("172.17.0.1", Host),
            ("9.9.9.9", Host),
            ("172.31.255.255", Private),
            ("172.32.0.0", Public),
            ("192.0.0.1", Reserved),
            ("192.0.0.192", Metadata),
            ("192.0.2.1", Documentation),
            ("192.88.99.1", Embedded),
            ("192.168.255.255", Private),
            ("192.169.0.0", Public),
            ("198.17.255.255", Public),
            ("198.18.0.0", Reserved),
            ("198.19.255.255", Reserved),
            ("198.51.100.7", Documentation),
            ("203.0.113.7", Documentation),
            ("224.0.0.1", Multicast),
            ("239.255.255.255", Multicast),
            ("240.0.0.1", Reserved),
            ("255.255.255.255", Reserved),
            ("::", Unspecified),
            ("::1", Loopback),
            ("::2", Embedded),
            ("::127.0.0.1", Embedded),
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:169.254.169.254", Metadata),
            ("::ffff:8.8.8.8", Public),
            ("::ffff:0:127.0.0.1", Embedded),
            ("64:ff9b::7f00:1", Embedded),
            ("64:ff9b::8.8.8.8", Embedded),
            ("64:ff9b:1::1", Embedded),
            ("100::1", Reserved),
            ("2001::1", Embedded),
            ("2001:2::1", Reserved),
            ("2001:20::1", Reserved),
            ("2001:db8::1", Documentation),
            ("2001:4860:4860::8888", Public),
            ("2002:7f00:1::", Embedded),
            ("2606:4700:4700::1111", Public),
            ("3fff::1", Documentation),
            ("4000::1", Reserved),
            ("5f00::1", Reserved),
            ("fc00::1", Private),
            ("fd00:ec2::254", Metadata),
            ("fd00:ec2::255", Private),
            ("fd20:ce::254", Metadata),
            ("fe80::1", LinkLocal),
            ("febf::1", LinkLocal),
            ("fec0::1", Reserved),
            ("ff02::1", Multicast),
        ] {
            assert_eq!(classify(text.parse().unwrap(), &hosts).0, class, "{text}");
        }
    }
}
