//! Sockets that a launcher has bound, maybe in another network namespace, and passes to the proxy (`SCM_RIGHTS`).
//!
//! Each message is one word and one socket: `proxy`, `transparent`, `dns-tcp`, `dns-udp` or `packets`. It is answered with `ok` and
//! a line feed once the socket is served, or with a reason. Sockets may come at any time.

use std::io::{self, IoSliceMut, Write as _};
use std::mem::MaybeUninit;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

use octobot_proxy::listen::Kind;
use octobot_proxy::packets::Observer;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tokio::runtime::Handle;

use crate::arguments::SocketSource;

/// The longest word.
const LONGEST: usize = 32;

/// After an error, such as having no descriptors left, no launcher is accepted for this long.
const PAUSE: Duration = Duration::from_millis(100);

/// A socket, by what it is for.
pub enum Passed {
    /// For clients.
    Listener(TcpListener, Kind),
    /// For questions for names.
    DnsTcp(TcpListener),
    /// For questions for names.
    DnsUdp(UdpSocket),
    /// For what never gets here.
    Packets(Observer),
}

/// Receives sockets in a thread of its own; `take` puts them to work.
pub fn receive(source: SocketSource, take: impl Fn(Passed) -> io::Result<()> + Send + 'static) -> io::Result<()> {
    let runtime = Handle::current();
    let launchers: Box<dyn Iterator<Item = io::Result<UnixStream>> + Send> = match source {
        SocketSource::Stdin => {
            let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
            Box::new(std::iter::once(Ok(stream)))
        }
        SocketSource::At(path) => {
            // One that is there already belongs to a proxy that has died.
            let _ = std::fs::remove_file(&path);
            let listener = UnixListener::bind(&path)?;
            Box::new(std::iter::repeat_with(move || listener.accept().map(|(stream, _)| stream)))
        }
    };
    thread::Builder::new().name("sockets".to_owned()).spawn(move || {
        let _inside = runtime.enter();
        for launcher in launchers {
            let launcher = match launcher {
                Ok(launcher) => launcher,
                Err(error) => {
                    tracing::warn!(error = %error, "no launcher can be accepted for a moment");
                    thread::sleep(PAUSE);
                    continue;
                }
            };
            if let Err(error) = converse(launcher, &take) {
                tracing::warn!(error = %error, "sockets can't be received");
            }
        }
    })?;
    Ok(())
}

/// Takes what one launcher passes, until it ends the connection.
fn converse(mut launcher: UnixStream, take: &impl Fn(Passed) -> io::Result<()>) -> io::Result<()> {
    launcher.set_nonblocking(false)?;
    while let Some((word, socket)) = message(&launcher)? {
        let outcome = socket.ok_or_else(|| io::Error::other("there is no socket in the message"));
        match outcome.and_then(|socket| passed(&word, socket)).and_then(take) {
            Ok(()) => launcher.write_all(b"ok\n")?,
            Err(error) => writeln!(launcher, "{error}")?,
        }
    }
    Ok(())
}

fn message(launcher: &UnixStream) -> io::Result<Option<(String, Option<OwnedFd>)>> {
    let mut word = [0; LONGEST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received =
        recvmsg(launcher.as_fd(), &mut [IoSliceMut::new(&mut word)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let socket = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
        _ => None,
    });
    Ok(Some((String::from_utf8_lossy(&word[..received.bytes]).trim().to_owned(), socket)))
}

fn passed(word: &str, socket: OwnedFd) -> io::Result<Passed> {
    let listener = |socket: OwnedFd| {
        let listener = TcpListener::from(socket);
        listener.set_nonblocking(true).map(|()| listener)
    };
    match word {
        "proxy" => Ok(Passed::Listener(listener(socket)?, Kind::Proxy)),
        "transparent" => Ok(Passed::Listener(listener(socket)?, Kind::Transparent)),
        "dns-tcp" => Ok(Passed::DnsTcp(listener(socket)?)),
        "dns-udp" => {
            let socket = UdpSocket::from(socket);
            socket.set_nonblocking(true)?;
            Ok(Passed::DnsUdp(socket))
        }
        "packets" => Ok(Passed::Packets(Observer::try_from(socket)?)),
        _ => Err(io::Error::other("a socket is for proxy, transparent, dns-tcp, dns-udp or packets")),
    }
}
