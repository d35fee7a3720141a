//! Several processes in one folder, and processes that are killed.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use octobot_proxy::cache::Cache;
use rand::RngExt as _;

use crate::upstream::{Client, config, path_of, thing};

/// How often a process is killed.
const KILLS: u32 = 200;
/// How many things a worker asks for.
const THINGS: u64 = 20;

fn worker(folder: &Path, size: &str, times: u32) -> Child {
    let tests = std::env::current_exe().unwrap();
    let program: PathBuf = tests.parent().unwrap().parent().unwrap().join("examples/cache-worker");
    assert!(program.exists(), "the example cache-worker isn't built: run all tests of the package");
    let arguments = [folder.display().to_string(), size.to_owned(), times.to_string()];
    Command::new(program).args(arguments).stdout(Stdio::piped()).spawn().unwrap()
}

#[tokio::test]
async fn a_process_may_be_killed_at_any_moment() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    let mut random = rand::rng();
    for _ in 0..KILLS {
        let mut killed = worker(&folder, "20GB", u32::MAX);
        let mut first = String::new();
        BufReader::new(killed.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        assert!(!first.is_empty(), "it should have begun");
        // No event tells the moment: any may be the one.
        std::thread::sleep(Duration::from_micros(random.random_range(0..20_000)));
        killed.kill().unwrap();
        killed.wait().unwrap();

        let cache = Cache::open(&folder, "project", config("20GB")).unwrap();
        assert_eq!(std::fs::read_dir(folder.join("making")).unwrap().count(), 0, "what was half-written is gone");
        let client = Client::of(&cache);
        for number in 0..THINGS {
            let body = thing(number);
            client.upstream.has_blob(&body);
            assert_eq!(client.get(&path_of(&body)).await.body.unwrap(), body);
        }
        assert_eq!(cache.stats().await.unwrap().corruptions, 0, "nothing is visible before it is whole");
        if random.random_bool(0.5) {
            cache.clear().await.unwrap();
        }
    }
}

#[tokio::test]
async fn several_processes_share_a_folder_and_its_limit() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    let limit = 2_000_000;
    let workers: Vec<Child> = (0..4).map(|_| worker(&folder, "2MB", 150)).collect();
    let cache = Cache::open(&folder, "project", config("2MB")).unwrap();
    let mut kept = 0;
    for mut worker in workers {
        for line in BufReader::new(worker.stdout.take().unwrap()).lines() {
            kept += u32::from(line.unwrap() == "Kept");
            // Trailers are counted when they are written.
            let stats = cache.stats().await.unwrap();
            assert!(stats.size_bytes <= limit + 20_000, "{} bytes", stats.size_bytes);
        }
        assert!(worker.wait().unwrap().success());
    }
    assert!(kept > 100, "{kept} answers were kept ones");
}
