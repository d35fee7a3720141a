//! The log as its writer and its readers see it.

use std::fs;

use futures::{StreamExt as _, pin_mut};
use octobot_wire::TurnId;
use tempfile::TempDir;

use super::*;

fn output(text: &str) -> DaemonEventBody {
    let turn_id: TurnId = "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap();
    DaemonEventBody::Output { turn_id, call: 0, text: text.to_owned() }
}

fn open(folder: &TempDir) -> Result<EventLog, LogError> {
    EventLog::open(&folder.path().join("events.ndjson"), |_| {})
}

fn with_events(count: usize) -> (TempDir, EventLog) {
    let folder = TempDir::new().unwrap();
    let mut log = open(&folder).unwrap();
    for number in 1..=count {
        log.append(Timestamp(5), output(&format!("text {number}"))).unwrap();
    }
    (folder, log)
}

/// The numbers of the events after one, when the log has been closed.
async fn numbers_after(reader: LogReader, after: u64) -> Vec<u64> {
    let chunks: Vec<_> = reader.follow(after).unwrap().map(|chunk| chunk.unwrap()).collect().await;
    let lines = chunks.concat();
    let numbers = serde_json::Deserializer::from_slice(&lines).into_iter::<DaemonEvent>();
    numbers.map(|event| event.unwrap().number).collect()
}

#[tokio::test]
async fn following_after_any_number_brings_the_rest_once_and_in_order() {
    let (_folder, log) = with_events(600);
    let reader = log.reader();
    drop(log);
    for after in [0, 1, 254, 255, 256, 257, 511, 512, 599, 600] {
        assert_eq!(numbers_after(reader.clone(), after).await, (after + 1..=600).collect::<Vec<_>>(), "after {after}");
    }
}

#[tokio::test]
async fn a_follower_gets_what_is_written_later() {
    let (_folder, mut log) = with_events(1);
    let stream = log.reader().follow(1).unwrap();
    pin_mut!(stream);
    assert!(futures::poll!(stream.next()).is_pending());
    log.append(Timestamp(6), output("later")).unwrap();
    let chunk = stream.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&chunk).starts_with(r#"{"number":2,"at":6,"type":"output""#));
    drop(log);
    assert!(stream.next().await.is_none());
}

#[test]
fn following_past_the_end_is_refused() {
    let (_folder, log) = with_events(3);
    for after in [4, u64::MAX] {
        let refused = log.reader().follow(after).err();
        assert!(matches!(refused, Some(FollowError::PastEnd { last: 3, .. })), "{after}: {refused:?}");
    }
}

#[test]
fn a_torn_last_line_is_cut_off_and_its_number_given_again() {
    for torn in [&b"{\"number\":4,"[..], b"\0\0\0\0", b"{\"number\":4,\n", b"\0\0\n"] {
        let (folder, log) = with_events(3);
        drop(log);
        let path = folder.path().join("events.ndjson");
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole, torn].concat()).unwrap();
        let mut log = open(&folder).unwrap();
        assert_eq!(log.reader().last(), 3);
        assert_eq!(fs::read(&path).unwrap(), whole);
        log.append(Timestamp(5), output("again")).unwrap();
        assert_eq!(log.reader().last(), 4);
    }
}

#[test]
fn a_corrupt_middle_is_an_error_that_names_the_byte() {
    let (folder, log) = with_events(3);
    drop(log);
    let path = folder.path().join("events.ndjson");
    let whole = fs::read_to_string(&path).unwrap();
    let second = whole.find("{\"number\":2").unwrap();
    for corrupt in
        [whole.replacen("{\"number\":2", "{\"numbex\":2", 1), whole.replacen("{\"number\":2", "{\"number\":7", 1)]
    {
        fs::write(&path, corrupt).unwrap();
        let error = open(&folder).unwrap_err();
        assert!(matches!(error, LogError::Corrupt { byte, expected: 2 } if byte == second as u64), "{error}");
    }
}

#[test]
fn a_log_has_one_writer() {
    let (folder, log) = with_events(1);
    assert!(matches!(open(&folder), Err(LogError::InUse)));
    drop(log);
    assert!(open(&folder).is_ok());
}

#[test]
fn opening_tells_of_every_event() {
    let (folder, log) = with_events(3);
    drop(log);
    let mut numbers = Vec::new();
    EventLog::open(&folder.path().join("events.ndjson"), |record| numbers.push(record.number)).unwrap();
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test]
async fn five_thousand_events_a_second_are_written_and_followed() {
    const EVENTS: usize = 10_000;
    let (_folder, mut log) = with_events(0);
    let stream = log.reader().follow(0).unwrap();
    let started = std::time::Instant::now();
    let lines_in = |chunk: io::Result<bytes::Bytes>| chunk.unwrap().split(|&byte| byte == b'\n').count() - 1;
    let follower = tokio::spawn(stream.map(lines_in).fold(0, async |all, lines| all + lines));
    for number in 0..EVENTS {
        log.append(Timestamp(5), output(&format!("text {number}"))).unwrap();
        tokio::task::yield_now().await;
    }
    drop(log);
    assert_eq!(follower.await.unwrap(), EVENTS);
    assert!(started.elapsed().as_secs() < EVENTS as u64 / 5_000, "{:?}", started.elapsed());
}
