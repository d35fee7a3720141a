//! The other end of the way out: a network without a way to anywhere, in which every address leads to sockets that are served
//! by a proxy outside of it. What runs in such a network reaches the proxy or nothing, whatever it does.
//!
//! [`Inlets::open`] runs inside, with rights over the network, before anything else does. The sockets are then passed on a Unix
//! socket (`passing`) to who keeps them, and from there to the proxy, as often as one is started. Synchronous, for processes of one
//! thread; nothing here knows what a proxy does with a connection.

mod network;
pub mod packets;
mod passing;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

pub use passing::{confirm, receive};

/// Where programs find the proxy that were told of it.
pub const PROXY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 17080);

/// Where names are resolved.
pub const DNS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 53);

/// The ports on which a connection to any address arrives at the proxy. On others it is refused by the kernel.
const PORTS: [u16; 2] = [80, 443];

/// How many connections may wait to be accepted, while no proxy runs for instance.
const BACKLOG: i32 = 1024;

/// The sockets of a network, each with the word that says what it is for.
#[derive(Debug)]
pub struct Inlets(Vec<(String, OwnedFd)>);

impl Inlets {
    /// Makes every address of the calling process's network lead to it, and opens the sockets. The network has to be a new
    /// one, with nothing in it but `lo`.
    pub fn open() -> io::Result<Self> {
        let has_ipv6 = network::lead_everything_here()?;
        let mut sockets = Vec::new();
        for port in PORTS {
            sockets.push(("transparent".to_owned(), anywhere(port, has_ipv6)?.into()));
        }
        sockets.push(("proxy".to_owned(), listener(PROXY)?.into()));
        sockets.push(("dns-tcp".to_owned(), listener(DNS)?.into()));
        sockets.push(("dns-udp".to_owned(), std::net::UdpSocket::bind(DNS)?.into()));
        // Last, so that nothing of this is seen.
        sockets.push(("packets".to_owned(), packets::observer()?));
        Ok(Self(sockets))
    }

    /// Takes the sockets that somebody passes, until the connection ends.
    pub fn take(from: &UnixStream) -> io::Result<Self> {
        let mut sockets = Vec::new();
        while let Some((word, socket)) = receive(from)? {
            let socket = socket.ok_or_else(|| io::Error::other("there is no socket in the message"))?;
            sockets.push((word, socket));
            confirm(from)?;
        }
        Ok(Self(sockets))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Passes the sockets, which stay open here too, and waits until each is taken.
    pub fn pass(&self, to: &UnixStream) -> io::Result<()> {
        self.0.iter().try_for_each(|(word, socket)| passing::pass(to, word, socket.as_fd()))
    }
}

/// Listens on a port of every address there is.
fn anywhere(port: u16, has_ipv6: bool) -> io::Result<Socket> {
    if !has_ipv6 {
        return listener((Ipv4Addr::UNSPECIFIED, port).into());
    }
    let socket = Socket::new(Domain::IPV6, Type::STREAM.cloexec(), Some(Protocol::TCP))?;
    socket.set_only_v6(false)?;
    listen(socket, (Ipv6Addr::UNSPECIFIED, port).into())
}

fn listener(address: SocketAddr) -> io::Result<Socket> {
    listen(Socket::new(Domain::for_address(address), Type::STREAM.cloexec(), Some(Protocol::TCP))?, address)
}

fn listen(socket: Socket, address: SocketAddr) -> io::Result<Socket> {
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}
