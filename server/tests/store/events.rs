//! Events and their numbers.

use std::time::Duration;

use octobot_server::store::{Engine, Heard, Recorded, Store, StoreError};
use octobot_wire::event::{Change, ProjectEvent};
use octobot_wire::{ProjectId, Timestamp};

use crate::database::Database;
use crate::samples::{NOW, agent_id, begin, local, session_id, turn_id, with_project, workspace_id};

fn removed(number: u128) -> Change {
    Change::WorkspaceRemoved { workspace_id: workspace_id(number) }
}

async fn record(store: &Store, project: &ProjectId, changes: Vec<Change>, now: Timestamp) -> Vec<Recorded> {
    let mut tx = begin(store).await;
    for change in changes {
        tx.record(project, change);
    }
    tx.commit(now).await.unwrap()
}

fn numbers(recorded: &[Recorded]) -> Vec<u64> {
    recorded.iter().map(|event| event.number).collect()
}

pub async fn events_are_numbered_without_gaps_for_each_project(database: &Database) {
    let store = &database.store;
    with_project(store).await;
    database.tamper("INSERT INTO projects (id, name, created_at) VALUES ('other', 'Other', 0)").await;
    let other: ProjectId = "other".parse().unwrap();

    assert_eq!(numbers(&record(store, &local(), vec![removed(1), removed(2)], NOW).await), [1, 2]);
    assert_eq!(numbers(&record(store, &other, vec![removed(3)], NOW).await), [1]);
    assert_eq!(numbers(&record(store, &local(), vec![], NOW).await), Vec::<u64>::new());
    assert_eq!(numbers(&record(store, &local(), vec![removed(4)], NOW).await), [3]);

    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.last_event(&local()).await.unwrap(), 3);
    assert_eq!(tx.last_event(&other).await.unwrap(), 1);
    assert_eq!(tx.oldest_event(&local()).await.unwrap(), Some(1));
    assert_eq!(numbers(&tx.events_after(&local(), 1, 10).await.unwrap()), [2, 3]);
    assert_eq!(numbers(&tx.events_after(&local(), 0, 2).await.unwrap()), [1, 2]);
    drop(tx);

    let mut tx = begin(store).await;
    tx.record(&"nowhere".parse().unwrap(), removed(5));
    let missing = tx.commit(NOW).await;
    assert!(matches!(missing, Err(StoreError::Missing { table: "projects", .. })), "{missing:?}");
}

pub async fn events_are_stored_as_they_travel(database: &Database) {
    let store = &database.store;
    with_project(store).await;
    let changes = vec![
        Change::AgentRemoved { agent_id: agent_id(1) },
        Change::TurnRemoved { session_id: session_id(1), turn_id: turn_id(1) },
    ];
    let recorded = record(store, &local(), changes.clone(), NOW).await;
    assert_eq!(recorded[0].transcript_of, None);
    assert_eq!(recorded[1].transcript_of, Some(session_id(1)));
    for (number, (event, change)) in (1..).zip(recorded.iter().zip(changes)) {
        let parsed: ProjectEvent = serde_json::from_str(&event.json).unwrap();
        assert_eq!(parsed, ProjectEvent { number, change });
    }
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.events_after(&local(), 0, 10).await.unwrap(), recorded);
}

pub async fn concurrent_commits_are_numbered_in_their_order(database: &Database) {
    with_project(&database.store).await;
    let follower = tokio::spawn(follow(database.store.clone(), 100));
    let writers = (1..=50).map(|number| {
        let store = database.store.clone();
        tokio::spawn(async move {
            let mut tx = begin(&store).await;
            tx.record(&local(), removed(number));
            tx.record(&local(), removed(number + 1000));
            tx.commit(NOW).await.unwrap()
        })
    });
    let mut recorded = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        let events = writer.await.unwrap();
        assert_eq!(events[0].number + 1, events[1].number, "the events of a commit stand together");
        recorded.extend(events);
    }
    recorded.sort_by_key(|event| event.number);
    assert_eq!(numbers(&recorded), (1..=100).collect::<Vec<_>>());
    assert_eq!(follower.await.unwrap(), recorded, "a follower missed an event or saw one out of order");
}

/// Follows the events of the project `local` until it has `count` of them, as a tab does.
async fn follow(store: Store, count: usize) -> Vec<Recorded> {
    let mut seen = Vec::<Recorded>::new();
    while seen.len() < count {
        let mut tx = store.read().await.unwrap();
        let after = seen.last().map_or(0, |event| event.number);
        seen.extend(tx.events_after(&local(), after, 1000).await.unwrap());
        drop(tx);
        tokio::task::yield_now().await;
    }
    seen
}

pub async fn a_reader_never_sees_a_number_before_its_event(database: &Database) {
    with_project(&database.store).await;
    let store = database.store.clone();
    let writer = tokio::spawn(async move {
        for number in 1..=50 {
            record(&store, &local(), vec![removed(number)], NOW).await;
        }
    });
    let mut last = 0;
    while last < 50 {
        let mut tx = database.store.read().await.unwrap();
        last = tx.last_event(&local()).await.unwrap();
        assert_eq!(tx.events_after(&local(), 0, 1000).await.unwrap().len() as u64, last);
    }
    writer.await.unwrap();
}

pub async fn what_is_rolled_back_takes_no_number(database: &Database) {
    let store = &database.store;
    with_project(store).await;
    record(store, &local(), vec![removed(1)], NOW).await;
    let mut tx = begin(store).await;
    tx.record(&local(), removed(2));
    drop(tx);
    // One that fails in the middle of its commit, after numbers were given.
    let mut tx = begin(store).await;
    tx.record(&local(), removed(3));
    tx.record(&"nowhere".parse().unwrap(), removed(4));
    tx.commit(NOW).await.unwrap_err();
    assert_eq!(numbers(&record(store, &local(), vec![removed(5)], NOW).await), [2]);
    assert_eq!(database.count("SELECT COUNT(*) FROM events").await, 2);
}

pub async fn other_replicas_hear_of_events_once_they_are_committed(database: &Database) {
    let store = &database.store;
    with_project(store).await;
    let Some(mut listener) = database.replica().await.listen().await.unwrap() else {
        assert_eq!(store.engine(), Engine::Sqlite, "only SQLite has no replicas");
        return;
    };
    let mut tx = begin(store).await;
    tx.record(&local(), removed(1));
    drop(tx);
    record(store, &local(), vec![removed(2), removed(3)], NOW).await;
    // What was rolled back would have been heard first.
    assert_eq!(listener.next().await.unwrap(), Heard::Events { project: local(), number: 2 });
}

pub async fn old_events_are_pruned_but_the_newest_are_kept(database: &Database) {
    let store = &database.store;
    with_project(store).await;
    for age_s in [50, 40, 30, 20, 10] {
        let at = Timestamp(NOW.0 - i64::try_from(Duration::from_secs(age_s).as_millis()).unwrap());
        record(store, &local(), vec![removed(1)], at).await;
    }
    let mut tx = begin(store).await;
    // Only the first is older than 45 s, and only the last two are the newest.
    assert_eq!(tx.prune_events(2, NOW.plus_ms(-45_000)).await.unwrap(), 1);
    assert_eq!(tx.oldest_event(&local()).await.unwrap(), Some(2));
    // All are older than now, so all but the newest go.
    assert_eq!(tx.prune_events(2, NOW).await.unwrap(), 2);
    assert_eq!(numbers(&tx.events_after(&local(), 0, 10).await.unwrap()), [4, 5]);
    assert_eq!(tx.prune_events(0, NOW).await.unwrap(), 2);
    assert_eq!(tx.oldest_event(&local()).await.unwrap(), None);
    assert_eq!(tx.last_event(&local()).await.unwrap(), 5, "the numbers go on");
}
