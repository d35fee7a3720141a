//! Makes every address of a network lead to `lo`, over rtnetlink. The kernel then takes a packet to any address as one for this
//! host, as after `ip link set lo up` and `ip route add local default dev lo table local`.

use std::io;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::link::{LinkFlags, LinkMessage};
use netlink_packet_route::route::{RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use rustix::io::Errno;

/// The index of `lo`: the first interface of every network.
const LO: u32 = 1;

/// The table of addresses that are the host's own (`RT_TABLE_LOCAL`).
const LOCAL_TABLE: u8 = 255;

/// Room for an answer: a number, with the message that it is about.
const ANSWER_BYTES: usize = 4096;

/// Does it, and tells whether IPv6 is there. Where it isn't, nothing can be sent by it.
pub fn lead_everything_here() -> io::Result<bool> {
    let kernel = Kernel::connect()?;
    kernel.raise_lo()?;
    kernel.lead_here(AddressFamily::Inet)?;
    match kernel.lead_here(AddressFamily::Inet6) {
        Ok(()) => Ok(true),
        // A kernel without it, or settings that have turned it off.
        Err(error) if is_absence(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_absence(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::AFNOSUPPORT | Errno::OPNOTSUPP | Errno::ACCESS | Errno::NODEV))
}

/// The side of rtnetlink that answers.
struct Kernel(Socket);

impl Kernel {
    fn connect() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        Ok(Self(socket))
    }

    fn raise_lo(&self) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = LO;
        link.header.flags = LinkFlags::Up;
        link.header.change_mask = LinkFlags::Up;
        self.order(RouteNetlinkMessage::NewLink(link), 0)
    }

    fn lead_here(&self, address_family: AddressFamily) -> io::Result<()> {
        let mut route = RouteMessage::default();
        route.header = RouteHeader {
            address_family,
            table: LOCAL_TABLE,
            protocol: RouteProtocol::Static,
            scope: RouteScope::Host,
            kind: RouteType::Local,
            ..RouteHeader::default()
        };
        route.attributes = vec![RouteAttribute::Oif(LO)];
        self.order(RouteNetlinkMessage::NewRoute(route), NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Sends an order and waits for the answer to it.
    fn order(&self, order: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::from(order));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.0.send(&bytes, 0)?;
        // The library takes a vector's free room as the room that there is.
        let mut answer = Vec::with_capacity(ANSWER_BYTES);
        self.0.recv(&mut answer, 0)?;
        let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&answer).map_err(io::Error::other)?;
        match answer.payload {
            NetlinkPayload::Error(error) if error.code.is_none() => Ok(()),
            NetlinkPayload::Error(error) => Err(error.to_io()),
            _ => Err(io::Error::other("the kernel answers something else than was asked")),
        }
    }
}
