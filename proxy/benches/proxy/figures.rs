//! Figures, their ratios, and the limits that they are held to.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::load::Load;
use crate::peers::{MITMPROXY, NGINX, OURS, SQUID};

/// What a load cost a peer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Units in a second.
    pub rate: f64,
    /// Processor seconds for a unit.
    pub processor: f64,
    /// The time that half of the answers took, in seconds.
    pub half: f64,
    /// The time that all but one in a hundred took.
    pub most: f64,
    /// KiB for a unit.
    pub memory: f64,
}

/// A figure that is held to a limit, as a ratio to a peer's.
struct Limit {
    load: Load,
    what: &'static str,
    of: fn(&Figures) -> f64,
    peer: &'static str,
    least: f64,
    most: f64,
}

const LIMITS: [Limit; 5] = [
    Limit {
        load: Load::Requests,
        what: "processor time per request",
        of: |figures| figures.processor,
        peer: NGINX,
        least: 0.0,
        most: 1.1,
    },
    Limit {
        load: Load::Bulk,
        what: "processor time per GB",
        of: |figures| figures.processor,
        peer: NGINX,
        least: 0.0,
        most: 0.65,
    },
    Limit { load: Load::Latency, what: "p99", of: |figures| figures.most, peer: NGINX, least: 0.0, most: 1.0 },
    Limit {
        load: Load::NewHosts,
        what: "new hosts per second",
        of: |figures| figures.rate,
        peer: SQUID,
        least: 10.0,
        most: f64::INFINITY,
    },
    Limit {
        load: Load::NewHosts,
        what: "new hosts per second",
        of: |figures| figures.rate,
        peer: MITMPROXY,
        least: 20.0,
        most: f64::INFINITY,
    },
];

/// The most memory that a connection may take, in KiB.
const MOST_MEMORY: f64 = 25.0;

/// The most memory that a proxy may have that has nothing to do, in MB.
const MOST_IDLE: f64 = 10.0;

/// How much longer a client may wait beside a crowd of others that do nothing.
const MOST_CROWDED: f64 = 1.1;

impl Figures {
    /// Of so many units, and the times that answers took.
    pub fn new(units: f64, elapsed: Duration, processor: f64, mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |percent: usize| times.get(times.len() * percent / 100).map_or(0.0, Duration::as_secs_f64);
        let (half, most) = (at(50), at(99));
        Self { rate: units / elapsed.as_secs_f64(), processor: processor / units, half, most, memory: 0.0 }
    }

    /// Of memory alone.
    pub fn of_memory(memory: f64) -> Self {
        Self { memory, ..Self::default() }
    }
}

/// All rounds.
#[derive(Debug, Default)]
pub struct Report {
    rounds: BTreeMap<Load, Vec<BTreeMap<&'static str, Figures>>>,
    missed: usize,
}

impl Report {
    /// Adds a round.
    pub fn add(&mut self, load: Load, figures: BTreeMap<&'static str, Figures>) {
        self.rounds.entry(load).or_default().push(figures);
    }

    /// Prints what a load has cost, and what of it misses its limit.
    pub fn tell(&mut self, load: Load) {
        let rounds = &self.rounds[&load];
        for peer in rounds[0].keys().copied() {
            let of = |figure: fn(&Figures) -> f64| {
                median(rounds.iter().filter_map(|round| round.get(peer)).map(figure).collect())
            };
            if load == Load::Held {
                println!("{load}: {peer}: {:.1} KiB per connection", of(|figures| figures.memory));
                continue;
            }
            let (factor, unit) = if load == Load::Bulk { (1.0, "s") } else { (1e6, "µs") };
            println!(
                "{load}: {peer}: {:.1} {}s/s, {:.1} processor {unit} each, p50 {:.0} µs, p99 {:.0} µs",
                of(|figures| figures.rate),
                load.unit(),
                of(|figures| figures.processor) * factor,
                of(|figures| figures.half) * 1e6,
                of(|figures| figures.most) * 1e6,
            );
        }
        for limit in LIMITS.iter().filter(|limit| limit.load == load) {
            let ratios =
                rounds.iter().filter_map(|round| Some((limit.of)(&round[OURS]) / (limit.of)(round.get(limit.peer)?)));
            let ratios: Vec<_> = ratios.collect();
            if ratios.is_empty() {
                println!("{load}: {} isn't there to compare with", limit.peer);
                continue;
            }
            let ratio = median(ratios);
            let is_reached = (limit.least..=limit.most).contains(&ratio);
            let bound =
                if limit.least > 0.0 { format!("at least {}", limit.least) } else { format!("at most {}", limit.most) };
            self.missed += judge(&format!("{load}: {} {ratio:.2}× {}", limit.what, limit.peer), &bound, is_reached);
        }
        if load == Load::Held {
            let memory = median(rounds.iter().map(|round| round[OURS].memory).collect());
            let told = format!("{load}: {memory:.1} KiB per connection");
            self.missed += judge(&told, &format!("at most {MOST_MEMORY}"), memory <= MOST_MEMORY);
        }
    }

    /// Prints what a proxy has in memory that has nothing to do, in KiB.
    pub fn tell_idle(&mut self, kib: f64) {
        let memory = kib * 1024.0 / 1e6;
        let told = format!("idle: {memory:.2} MB resident");
        self.missed += judge(&told, &format!("under {MOST_IDLE}"), memory < MOST_IDLE);
    }

    /// Prints how much longer a client waits beside a crowd: pairs of figures without it and with it.
    pub fn tell_crowded(&mut self, crowd: usize, rounds: &[(Figures, Figures)]) {
        let of = |figure: fn(&Figures) -> f64| {
            median(rounds.iter().map(|(alone, crowded)| figure(crowded) / figure(alone)).collect())
        };
        let (half, most) = (of(|figures| figures.half), of(|figures| figures.most));
        let told = format!("beside {crowd} silent clients: p50 {half:.2}×, p99 {most:.2}× that without them");
        self.missed += judge(&told, &format!("p99 at most {MOST_CROWDED}"), most <= MOST_CROWDED);
    }

    /// Whether nothing misses its limit.
    pub fn is_reached(&self) -> bool {
        self.missed == 0
    }
}

/// A count as a figure.
#[expect(clippy::cast_precision_loss, reason = "a few bits of billions")]
pub fn of(count: usize) -> f64 {
    count as f64
}

/// Prints a figure beside its limit; 1 if it misses it.
fn judge(told: &str, bound: &str, is_reached: bool) -> usize {
    let verdict = if is_reached { "within" } else { "MISSES" };
    println!("{told}: {verdict} its limit ({bound})");
    usize::from(!is_reached)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}
