//! What a hit costs, beside nginx with the same files on its disk, and beside docker-registry: plain HTTP, the server on one
//! core and the clients on another, in turns. Prints figures with their ratios, and fails if one misses its limit.
//!
//! `cargo bench --package octobot-proxy --bench cache`. Needs nginx; without it, says so and measures nothing.

#![expect(clippy::unwrap_used, reason = "a measurement that can't go on fails")]

#[path = "cache/client.rs"]
mod client;
#[path = "cache/registry.rs"]
mod registry;
#[path = "cache/server.rs"]
mod server;

use std::process::ExitCode;

use client::{Figures, Load, Measured};
use registry::Registry;
use server::{Nginx, Server};

/// How often each is measured.
const ROUNDS: usize = 7;
/// The throughput of blobs that is to be reached, as a part of nginx's.
const LEAST_THROUGHPUT: f64 = 0.9;
/// The processor time per byte that may be taken by the server and its clients together, as a multiple of nginx's. That of
/// the server alone is printed and has no limit: nginx lets the kernel send the page cache without looking at it, and so the
/// clients' reading is what brings it into the processor; the cache looks at every byte.
const MOST_PROCESSOR_TIME: f64 = 1.3;

/// How many times as many manifests are to be served as docker-registry does.
const LEAST_MANIFESTS: f64 = 20.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, serve, folder] = &arguments[..]
        && serve == "serve"
    {
        server::serve(std::path::Path::new(folder));
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(nginx) = Nginx::start(folder.path()) else {
        eprintln!("SKIPPED: the cache's figures: nginx isn't installed");
        return ExitCode::SUCCESS;
    };
    let cache = Server::start(folder.path());
    let registry = Registry::start(folder.path());
    if registry.is_none() {
        eprintln!("SKIPPED: docker-registry isn't installed");
    }
    pin(1);

    let blobs = Sides::measure(Load::Blobs, &nginx.process, &cache.process);
    blobs.tell("nginx");
    let of_blobs = [
        judge("blobs: throughput", blobs.ratio(|figures| figures.per_second), At::Least(LEAST_THROUGHPUT)),
        judge("blobs: all time", blobs.ratio(|figures| figures.all_processor_seconds), At::Most(MOST_PROCESSOR_TIME)),
    ];
    Sides::measure(Load::Manifests, &nginx.process, &cache.process).tell("nginx");
    let of_manifests = registry.is_none_or(|registry| {
        let manifests = Sides::measure(Load::Manifests, &registry.process, &cache.process);
        manifests.tell("docker-registry");
        judge("manifests: rate", manifests.ratio(|figures| figures.per_second), At::Least(LEAST_MANIFESTS))
    });
    if of_blobs == [true, true] && of_manifests { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What a load cost a peer and the cache, in turns.
struct Sides {
    load: Load,
    rounds: Vec<(Figures, Figures)>,
}

impl Sides {
    fn measure(load: Load, peer: &Measured, cache: &Measured) -> Self {
        // Once for the page cache and the connections' memory.
        peer.measure(load);
        cache.measure(load);
        Self { load, rounds: (0..ROUNDS).map(|_| (peer.measure(load), cache.measure(load))).collect() }
    }

    /// The cache's figure as a multiple of the peer's.
    fn ratio(&self, figure: fn(&Figures) -> f64) -> f64 {
        median(self.rounds.iter().map(|(peer, cache)| figure(cache) / figure(peer)).collect())
    }

    fn tell(&self, peer: &str) {
        let load = self.load;
        let show = |whose, unit: &str, factor: f64, figure: fn(&Figures) -> f64| {
            let of_peer = factor * median(self.rounds.iter().map(|(peer, _)| figure(peer)).collect());
            let of_cache = factor * median(self.rounds.iter().map(|(_, cache)| figure(cache)).collect());
            let ratio = self.ratio(figure);
            println!("{load}: {whose}: {peer} {of_peer:.2} {unit}, cache {of_cache:.2}, ratio {ratio:.2}");
        };
        show("rate", &format!("{}/s", load.unit()), 1.0, |figures| figures.per_second);
        show("server", load.time_unit(), load.time_factor(), |figures| figures.processor_seconds);
        show("server and clients", load.time_unit(), load.time_factor(), |figures| figures.all_processor_seconds);
    }
}

/// A limit.
#[derive(Clone, Copy)]
enum At {
    Least(f64),
    Most(f64),
}

/// Prints a ratio beside its limit; whether it is within that.
fn judge(what: &str, ratio: f64, limit: At) -> bool {
    let (is_reached, bound) = match limit {
        At::Least(least) => (ratio >= least, format!("at least {least}")),
        At::Most(most) => (ratio <= most, format!("at most {most}")),
    };
    let verdict = if is_reached { "within" } else { "MISSES" };
    println!("{what} {ratio:.2}×: {verdict} its limit ({bound})");
    is_reached
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Keeps this thread, and those that it starts, on one core.
fn pin(core: usize) {
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(core.min(std::thread::available_parallelism().unwrap().get() - 1));
    rustix::thread::sched_setaffinity(None, &cores).unwrap();
}
