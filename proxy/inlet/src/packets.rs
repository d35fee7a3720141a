//! Seeing what never reaches a proxy. In a network in which every address leads to the loopback interface, the system itself refuses
//! a connection to a port where nobody listens, at once and without a word to anybody: a socket sees the beginning of each.
//!
//! Nothing here lets anything through or keeps it out. What becomes of what is seen is the proxy's business.

mod filter;
mod head;

use std::io;
use std::os::fd::OwnedFd;

use rustix::net::{RecvFlags, recv};
use socket2::{Domain, Protocol, Socket, Type};

pub use head::{Attempt, LONGEST, Transport, attempt};

/// All protocols above the link (`ETH_P_ALL` of `linux/if_ether.h`), which is the only way to see what leaves.
const EVERYTHING: u16 = 3;

/// How many bytes of packets wait to be looked at; what doesn't fit is dropped.
const QUEUE: usize = 128 * 1024;

/// A socket that sees what leaves to other addresses in the network namespace of the caller, which needs `CAP_NET_RAW` there.
///
/// Only beginnings get through its filter: a TCP SYN to another port than 80 and 443, a datagram of UDP, an ICMP echo request; and
/// none to loopback addresses.
pub fn observer() -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(i32::from(EVERYTHING.to_be()))))?;
    socket.set_recv_buffer_size(QUEUE)?;
    socket.attach_filter(&filter::program())?;
    socket.set_nonblocking(true)?;
    let socket = OwnedFd::from(socket);
    // What came before there was a filter.
    while recv(&socket, &mut [0; 0][..], RecvFlags::empty()).is_ok() {}
    Ok(socket)
}
