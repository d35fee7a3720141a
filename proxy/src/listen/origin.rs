//! Where a client thinks it is connected to.

use std::net::SocketAddr;

use socket2::SockRef;
use tokio::net::TcpStream;

use super::accept::Kind;

/// The address that the client connected to, if it isn't the proxy's own: the one before the firewall redirected the
/// connection (`SO_ORIGINAL_DST`), or the connection's own one, where every address leads to the listener.
pub fn destination(stream: &TcpStream, kind: Kind) -> Option<SocketAddr> {
    let local = stream.local_addr().ok()?;
    let socket = SockRef::from(stream);
    // Without connection tracking, the system has no answer.
    let original = if local.is_ipv4() { socket.original_dst_v4() } else { socket.original_dst_v6() };
    match original.ok().and_then(|address| address.as_socket()) {
        Some(original) if original != local => Some(original),
        _ if kind == Kind::Transparent => Some(local),
        _ => None,
    }
}
