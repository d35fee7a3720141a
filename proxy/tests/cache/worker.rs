//! Asks a cache for things in no order, holds what it gets against what it should be, and tells after each. Until it is
//! killed, or for a number of times.
//!
//! Usage: `cache-worker <folder> <size> <times>`

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![expect(dead_code, reason = "the tests use more of what is shared with them")]

mod upstream;

use std::io::Write as _;
use std::path::Path;

use octobot_proxy::cache::Cache;
use rand::RngExt as _;

/// How many things there are.
pub const THINGS: u64 = 20;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let cache = Cache::open(Path::new(&arguments[1]), "project", upstream::config(&arguments[2])).unwrap();
    let client = upstream::Client::of(&cache);
    let mut random = rand::rng();
    for _ in 0..arguments[3].parse::<u64>().unwrap() {
        let body = upstream::thing(random.random_range(0..THINGS));
        let path = client.upstream.has_blob(&body);
        let got = client.get(&path).await;
        assert_eq!(got.body.unwrap(), body, "wrong bytes");
        let mut out = std::io::stdout().lock();
        writeln!(out, "{:?}", got.from).unwrap();
        out.flush().unwrap();
    }
}
