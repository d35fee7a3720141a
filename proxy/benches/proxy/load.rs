//! What is asked of the peers, and for how long.

use std::fmt;
use std::io;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::figures::{Figures, of};
use crate::peers::{HOST, LARGE, Peer, SMALL};

/// How long each load takes.
const TIME: Duration = Duration::from_millis(1500);

/// How many connections are held at a time to see what they cost.
const HELD: usize = 1000;

/// How many silent clients make a crowd, where so many descriptors may be open.
const CROWD: usize = 10_000;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Load {
    /// Thirty-two clients, one small answer after the other.
    Requests,
    /// One client, one small answer after the other.
    Latency,
    /// One client, large answers.
    Bulk,
    /// A connection for each answer.
    Connections,
    /// A connection for each answer, each to a host that nobody has asked for before.
    NewHosts,
    /// Connections without a request under way.
    Held,
}

impl Load {
    /// All of them.
    /// Memory first: whoever has had much of it keeps some.
    pub const ALL: [Self; 6] =
        [Self::Held, Self::Requests, Self::Latency, Self::Bulk, Self::Connections, Self::NewHosts];

    /// Puts the load on a peer and measures; nothing if it doesn't answer.
    pub fn put_on(self, peer: &Peer) -> io::Result<Figures> {
        match self {
            Self::Requests => steady(peer, 32, SMALL),
            Self::Latency => steady(peer, 1, SMALL),
            Self::Bulk => steady(peer, 1, LARGE),
            Self::Connections => fresh(peer, |_| HOST.to_owned()),
            Self::NewHosts => fresh(peer, |number| format!("h{number}.{HOST}")),
            Self::Held => held(peer),
        }
    }

    /// What its counts are of.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Bulk => "GB",
            Self::Connections | Self::NewHosts | Self::Held => "connection",
            _ => "request",
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests",
            Self::Latency => "latency",
            Self::Bulk => "bulk",
            Self::Connections => "connections",
            Self::NewHosts => "new hosts",
            Self::Held => "held",
        })
    }
}

/// Clients that keep their connections.
fn steady(peer: &Peer, clients: usize, path: &str) -> io::Result<Figures> {
    let connect = || {
        let mut client = peer.connect(HOST);
        client.get(SMALL).map(|_| client)
    };
    let clients: Vec<_> = (0..clients).map(|_| connect()).collect::<Result<_, _>>()?;
    let (before, start) = (peer.processor_seconds(), Instant::now());
    let of_clients = thread::scope(|scope| {
        let asking = |mut client: Client| {
            let (mut bytes, mut times) = (0, Vec::new());
            while start.elapsed() < TIME {
                let asked = Instant::now();
                bytes += client.get(path)?;
                times.push(asked.elapsed());
            }
            Ok((bytes, times))
        };
        let threads: Vec<_> = clients.into_iter().map(|client| scope.spawn(move || asking(client))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<io::Result<Vec<_>>>()
    })?;
    let elapsed = start.elapsed();
    let processor = peer.processor_seconds() - before;
    let bytes: usize = of_clients.iter().map(|(bytes, _)| bytes).sum();
    let times: Vec<_> = of_clients.into_iter().flat_map(|(_, times)| times).collect();
    let units = if path == LARGE { of(bytes) / 1e9 } else { of(times.len()) };
    Ok(Figures::new(units, elapsed, processor, times))
}

/// Clients that connect again for each answer.
fn fresh(peer: &Peer, name: impl Fn(usize) -> String + Sync) -> io::Result<Figures> {
    let (before, start) = (peer.processor_seconds(), Instant::now());
    let times = thread::scope(|scope| {
        let asking = || {
            let mut times = Vec::new();
            while start.elapsed() < TIME {
                let asked = Instant::now();
                peer.connect(&name(peer.asked.fetch_add(1, Ordering::Relaxed))).get(SMALL)?;
                times.push(asked.elapsed());
            }
            Ok(times)
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(asking)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<io::Result<Vec<_>>>()
    })?;
    let times = times.concat();
    Ok(Figures::new(of(times.len()), start.elapsed(), peer.processor_seconds() - before, times))
}

/// What it takes to hold connections.
fn held(peer: &Peer) -> io::Result<Figures> {
    let start = Instant::now();
    let mut clients = Vec::new();
    // Some are so slow that as many as that would take minutes.
    while clients.len() < HELD && start.elapsed() < 2 * TIME {
        let mut client = peer.connect(HOST);
        client.get(SMALL)?;
        clients.push(client);
    }
    let memory = peer.memory_kib() - peer.idle_kib;
    let figures = Figures::of_memory(memory / of(clients.len()));
    drop(clients);
    Ok(figures)
}

/// What one client waits without a crowd of silent ones and with it, and how many these are.
pub fn beside_a_crowd(peer: &Peer) -> io::Result<(usize, Figures, Figures)> {
    let alone = steady(peer, 1, SMALL)?;
    let room = octobot_proxy::descriptors::room().saturating_sub(HELD);
    let crowd: Vec<_> = (0..CROWD.min(room)).map(|_| TcpStream::connect(peer.way.address()).unwrap()).collect();
    Ok((crowd.len(), alone, steady(peer, 1, SMALL)?))
}
