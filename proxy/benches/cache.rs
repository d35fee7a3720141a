//! What a hit costs, beside nginx with the same files on its disk: plain HTTP, the server on one core and the clients on
//! another, in turns. Prints figures with their ratios, and fails if one misses its limit.
//!
//! `cargo bench --package octobot-proxy --bench cache`. Needs nginx; without it, says so and measures nothing.

#![expect(clippy::unwrap_used, reason = "a measurement that can't go on fails")]

#[path = "cache/client.rs"]
mod client;
#[path = "cache/server.rs"]
mod server;

use std::process::ExitCode;

use client::Load;
use server::{Nginx, Server};

/// How often each is measured.
const ROUNDS: usize = 7;
/// The throughput of blobs that is to be reached, as a part of nginx's.
const LEAST_THROUGHPUT: f64 = 0.9;
/// The processor time per byte that may be taken by the server and its clients together, as a multiple of nginx's. That of
/// the server alone is printed and has no limit: nginx lets the kernel send the page cache without looking at it, and so the
/// clients' reading is what brings it into the processor; the cache looks at every byte.
const MOST_PROCESSOR_TIME: f64 = 1.3;

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
    pin(1);

    let mut is_reached = true;
    for (load, throughput_limit, time_limit) in
        [(Load::Blobs, Some(LEAST_THROUGHPUT), Some(MOST_PROCESSOR_TIME)), (Load::Manifests, None, None)]
    {
        // Once for the page cache and the connections' memory.
        nginx.process.measure(load);
        cache.process.measure(load);
        let rounds: Vec<_> = (0..ROUNDS).map(|_| (nginx.process.measure(load), cache.process.measure(load))).collect();
        let of = |figure: fn(&client::Figures) -> f64| {
            let nginx = median(rounds.iter().map(|(nginx, _)| figure(nginx)).collect());
            let cache = median(rounds.iter().map(|(_, cache)| figure(cache)).collect());
            (nginx, cache, median(rounds.iter().map(|(nginx, cache)| figure(cache) / figure(nginx)).collect()))
        };
        let (nginx_rate, cache_rate, rate) = of(|figures| figures.per_second);
        println!("{load}: nginx {nginx_rate:.2} {}/s, cache {cache_rate:.2}, ratio {rate:.2}", load.unit());
        let show_time = |whose, (nginx, cache, ratio): (f64, f64, f64)| {
            let (nginx, cache) = (nginx * load.time_factor(), cache * load.time_factor());
            println!("{load}: {whose}: nginx {nginx:.2} {}, cache {cache:.2}, ratio {ratio:.2}", load.time_unit());
        };
        let all = of(|figures| figures.all_processor_seconds);
        show_time("server", of(|figures| figures.processor_seconds));
        show_time("server and clients", all);
        is_reached &=
            throughput_limit.is_none_or(|limit| rate >= limit) && time_limit.is_none_or(|limit| all.2 <= limit);
    }
    if is_reached { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
