//! The log on a real disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::policy::{Scheme, Target};

const PATIENCE: Duration = Duration::from_secs(10);

fn retention(folder: &std::path::Path) -> Retention {
    Retention { folder: folder.to_owned(), file_bytes: 4096, total_bytes: 12_288 }
}

fn add(log: &Log, host: &str, decision: Decision) {
    let mut entry = log.begin(Protocol::Https);
    entry
        .target(&Target::parse(host, Scheme::Https).unwrap())
        .request("GET", "/a?key=canary")
        .decide(decision, "a rule");
    entry.up().fetch_add(3, std::sync::atomic::Ordering::Relaxed);
}

#[tokio::test]
async fn numbers_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(Some("one".to_owned()), Some(retention(folder.path())), clock::system).unwrap();
    (0..3).for_each(|_| add(&log, "a.example", Decision::Allow));
    log.flush(PATIENCE);
    let log = Log::open(None, Some(retention(folder.path())), clock::system).unwrap();
    add(&log, "a.example", Decision::Deny);
    let page = log.after(0, &Filter::default(), 100);
    assert_eq!(page.records.iter().map(|record| record.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(page.records[0].session.as_deref(), Some("one"));
}

#[tokio::test]
async fn no_query_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(None, Some(retention(folder.path())), clock::system).unwrap();
    add(&log, "a.example", Decision::Allow);
    log.flush(PATIENCE);
    let text = fs::read_to_string(folder.path().join("access.ndjson")).unwrap();
    assert!(text.contains("\"path\":\"/a\"") && !text.contains("canary"), "{text}");
}

#[tokio::test]
async fn the_log_is_its_owners_alone() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("log");
    let log = Log::open(None, Some(retention(&folder)), clock::system).unwrap();
    add(&log, "a.example", Decision::Allow);
    log.flush(PATIENCE);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("access.ndjson"))), (0o700, 0o600));
}

#[tokio::test]
async fn files_are_put_aside_and_the_oldest_removed() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(None, Some(retention(folder.path())), clock::system).unwrap();
    for _ in 0..200 {
        add(&log, "a.example", Decision::Allow);
        log.flush(PATIENCE);
    }
    let files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).collect();
    assert!(files.len() >= 2, "{files:?}");
    assert!(files.iter().sum::<u64>() <= 12_288 + 4096, "{files:?}");
    assert_eq!(log.health(), Some(Health::default()));
}

#[tokio::test]
async fn a_folder_that_cant_be_written_to_loses_records_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("blocked");
    let log = Log::open(None, Some(retention(&blocked)), clock::system).unwrap();
    fs::write(&blocked, "a file where the folder should be").unwrap();
    add(&log, "a.example", Decision::Allow);
    log.flush(PATIENCE);
    let health = log.health().unwrap();
    assert!(health.failure.is_some());
    assert_eq!(health.lost, 1);
    fs::remove_file(&blocked).unwrap();
    add(&log, "a.example", Decision::Allow);
    log.flush(PATIENCE);
    assert_eq!(log.health().unwrap().failure, None);
}

#[tokio::test]
async fn counts_are_kept_by_host() {
    let log = Log::open(None, None, clock::system).unwrap();
    add(&log, "a.example", Decision::Allow);
    add(&log, "a.example", Decision::Deny);
    add(&log, "b.example", Decision::Fail);
    let hosts = log.hosts();
    assert_eq!(hosts["a.example"], Counts { allowed: 1, denied: 1, bytes_up: 6, ..Counts::default() });
    assert_eq!(hosts["b.example"].failed, 1);
}
