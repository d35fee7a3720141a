//! What a request through the proxy costs, beside nginx (TLS on both sides), squid and mitmproxy with the same host behind
//! them: the proxies on one core, the host and the clients on another, in turns. All that the proxy does is on: the policy,
//! injection, the log. Prints figures with their ratios, and fails if one misses its limit.
//!
//! `cargo xtask bench proxy` installs the peers; one that isn't there is left out, and said to be.

#![expect(clippy::unwrap_used, reason = "a measurement that can't go on fails")]

#[path = "../tests/mitm/certificates.rs"]
mod certificates;
#[path = "proxy/client.rs"]
mod client;
#[path = "proxy/figures.rs"]
mod figures;
#[path = "proxy/load.rs"]
mod load;
#[path = "proxy/peers.rs"]
mod peers;
#[path = "proxy/process.rs"]
mod process;

use std::process::ExitCode;

use figures::Report;
use load::Load;
use peers::{Host, Peer};

/// How often each is measured.
const ROUNDS: usize = 3;

fn main() -> ExitCode {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let Some(host) = Host::start(folder.path()) else {
        eprintln!("SKIPPED: the proxy's figures: nginx isn't installed");
        return ExitCode::SUCCESS;
    };
    process::pin(1);
    let peers = Peer::all(folder.path(), &host);
    for peer in &peers {
        println!("idle: {}: {:.1} MiB", peer.name, peer.idle_kib / 1024.0);
    }
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut report = Report::default();
    for load in Load::ALL.into_iter().filter(|load| only.as_ref().is_none_or(|only| load.to_string().contains(only))) {
        // Once for what is only made once.
        for peer in &peers {
            load.put_on(peer);
        }
        for _ in 0..ROUNDS {
            let figures = peers.iter().map(|peer| (peer.name, load.put_on(peer)));
            report.add(load, figures.collect());
        }
        report.tell(load);
    }
    if report.is_reached() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
