//! Sockets that a launcher has bound, maybe in another network namespace, and passes to the proxy (`SCM_RIGHTS`).
//!
//! Each message is one word and one socket: `proxy`, `transparent`, `dns-tcp`, `dns-udp` or `packets`. It is answered with `ok` and
//! a line feed once the socket is served, or with a reason. Sockets may come at any time. A launcher on standard input takes the
//! proxy with it when it ends, and so does the only one of a proxy that is told to end with it.

use std::io::{self, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

use octobot_proxy::listen::Kind;
use octobot_proxy::packets::Observer;
use socket2::SockRef;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::arguments::SocketSource;

/// A launcher that the proxy ends with has to come within this time.
const FIRST_LAUNCHER: Duration = Duration::from_mins(2);

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

/// Receives sockets in a thread of its own; `take` puts them to work. `ended` is cancelled when there will be no launcher any more.
pub fn receive(
    source: SocketSource,
    ends_with_launcher: bool,
    ended: CancellationToken,
    take: impl Fn(Passed) -> io::Result<()> + Send + 'static,
) -> io::Result<()> {
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
            if ends_with_launcher {
                SockRef::from(&listener).set_read_timeout(Some(FIRST_LAUNCHER))?;
            }
            let launchers = std::iter::repeat_with(move || listener.accept().map(|(stream, _)| stream));
            if ends_with_launcher { Box::new(launchers.take(1)) } else { Box::new(launchers) }
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
        ended.cancel();
    })?;
    Ok(())
}

/// Takes what one launcher passes, until it ends the connection.
fn converse(mut launcher: UnixStream, take: &impl Fn(Passed) -> io::Result<()>) -> io::Result<()> {
    launcher.set_nonblocking(false)?;
    while let Some((word, socket)) = octobot_inlet::receive(&launcher)? {
        let outcome = socket.ok_or_else(|| io::Error::other("there is no socket in the message"));
        match outcome.and_then(|socket| passed(&word, socket)).and_then(take) {
            Ok(()) => octobot_inlet::confirm(&launcher)?,
            Err(error) => writeln!(launcher, "{error}")?,
        }
    }
    Ok(())
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
