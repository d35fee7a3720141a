//! What never reaches the proxy. In a network in which every address leads to the loopback interface, the system itself refuses
//! a connection to a port where nobody listens, at once and without a word to anybody. Here it is seen and written down.
//!
//! Nothing here lets anything through or keeps it out: whoever floods the interface loses records of the flood, and nothing
//! else changes.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use octobot_inlet::packets::Transport;
use octobot_inlet::packets::{LONGEST, attempt};
use rustix::net::{AddressFamily, sockopt};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep, sleep_until};

use crate::log::{Decision, Protocol};
use crate::proxy::Proxy;

mod tally;

use tally::{Tally, Told};

/// How many packets are looked at before others get their turn.
const BATCH: usize = 64;

/// After as many packets, none is looked at for this long: 6400 a second are enough to know what goes on, and cost about one
/// hundredth of a core.
const PAUSE: Duration = Duration::from_millis(10);

/// Writes down what an [`octobot_inlet::packets::observer`] sees, until the proxy closes.
pub async fn observe(proxy: Arc<Proxy>, socket: Observer) {
    let mut tally = Tally::default();
    let mut told = Vec::new();
    loop {
        let due = tally.due();
        let seen = tokio::select! {
            seen = socket.see(&mut tally, &mut told) => seen,
            () = until(due) => Ok(0),
            () = proxy.closing.cancelled() => return,
        };
        tally.close(Instant::now(), &mut told);
        told.drain(..).for_each(|told| tell(&proxy, &told));
        let rest = match seen {
            Ok(seen) => seen == BATCH,
            Err(error) => {
                tracing::warn!(error = %error, "refused connections can't be seen for a moment");
                true
            }
        };
        if rest {
            sleep(PAUSE).await;
        }
    }
}

/// An [`octobot_inlet::packets::observer`] that is put to work. It isn't UDP's, but what it receives are datagrams all the same.
#[derive(Debug)]
pub struct Observer(UdpSocket);

impl TryFrom<OwnedFd> for Observer {
    type Error = io::Error;

    fn try_from(socket: OwnedFd) -> io::Result<Self> {
        if sockopt::socket_domain(&socket)? != AddressFamily::PACKET {
            return Err(io::Error::other("the socket doesn't see packets"));
        }
        let socket = std::net::UdpSocket::from(socket);
        socket.set_nonblocking(true)?;
        UdpSocket::from_std(socket).map(Self)
    }
}

impl Observer {
    /// Looks at packets that are there, and says at how many.
    async fn see(&self, tally: &mut Tally, told: &mut Vec<Told>) -> io::Result<usize> {
        self.0.readable().await?;
        let now = Instant::now();
        let mut packet = [0; LONGEST];
        for seen in 0..BATCH {
            match self.0.try_recv(&mut packet) {
                Ok(length) => told.extend(attempt(&packet[..length]).and_then(|attempt| tally.see(attempt, now))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(seen),
                Err(error) => return Err(error),
            }
        }
        Ok(BATCH)
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

fn tell(proxy: &Proxy, told: &Told) {
    let Some(attempt) = &told.attempt else {
        let mut entry = proxy.log.begin(Protocol::Unknown);
        entry.host("(others)", 0).attempts(told.times).decide(Decision::Deny, "others");
        return;
    };
    let (protocol, rule) = match attempt.transport {
        Transport::Tcp => (Protocol::Tcp, "port"),
        Transport::Udp => (Protocol::Udp, "udp"),
        Transport::Icmp => (Protocol::Icmp, "icmp"),
    };
    let mut entry = proxy.log.begin(protocol);
    entry.host(&attempt.address.to_string(), attempt.port).address(attempt.address);
    entry.attempts(told.times).decide(Decision::Deny, rule);
}
