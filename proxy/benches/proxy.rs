//! What a request through the proxy costs, beside nginx (TLS on both sides), squid, mitmproxy and hudsucker with the same
//! host behind them: the proxies on one core, the host and the clients on another, in turns. All that the proxy does is on:
//! the policy, injection, the log. Prints figures with their ratios, and fails if one misses its limit.
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

use figures::{Figures, Report};
use load::Load;
use peers::{Host, OURS, Peer};

/// How often each is measured.
const ROUNDS: usize = 7;

fn main() -> ExitCode {
    rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap();
    // Crowds need many.
    octobot_proxy::descriptors::raise().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let Some(host) = Host::start(folder.path()) else {
        eprintln!("SKIPPED: the proxy's figures: nginx isn't installed");
        return ExitCode::SUCCESS;
    };
    process::pin(1);
    let mut report = Report::default();
    report.tell_idle(peers::idle_kib(folder.path()));
    let peers = Peer::all(folder.path(), &host);
    for peer in &peers {
        println!("idle: {}: {:.1} MiB of its own", peer.name, peer.idle_kib / 1024.0);
    }
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for load in Load::ALL.into_iter().filter(|load| only.as_ref().is_none_or(|only| load.to_string().contains(only))) {
        // Once for what is only made once.
        let answering: Vec<_> = peers.iter().filter(|peer| put_on(load, peer).is_some()).collect();
        for _ in 0..ROUNDS {
            let figures = answering.iter().filter_map(|peer| Some((peer.name, put_on(load, peer)?)));
            report.add(load, figures.collect());
        }
        report.tell(load);
    }
    if only.is_none() {
        let ours = peers.iter().find(|peer| peer.name == OURS).unwrap();
        let rounds: Vec<_> = (0..ROUNDS).map(|_| load::beside_a_crowd(ours).unwrap()).collect();
        let crowd = rounds[0].0;
        report.tell_crowded(crowd, &rounds.into_iter().map(|(_, alone, crowded)| (alone, crowded)).collect::<Vec<_>>());
    }
    if report.is_reached() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What a load costs a peer, if that answers. Ours has to.
fn put_on(load: Load, peer: &Peer) -> Option<Figures> {
    match load.put_on(peer) {
        Ok(figures) => Some(figures),
        Err(error) => {
            assert_ne!(peer.name, OURS, "{load}: {error}");
            println!("{load}: {} doesn't answer: {error}", peer.name);
            None
        }
    }
}
