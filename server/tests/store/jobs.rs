//! Jobs and leases. Time is whatever a test says it is.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use octobot_server::domain::{Job, JobKind};
use octobot_server::store::{Heartbeat, Tx};
use octobot_wire::Timestamp;
use uuid::Uuid;

use crate::database::Database;
use crate::samples::{begin, commit, id};

const LEASE_MS: i64 = 1_000;
const ALICE: Uuid = Uuid::from_u128(0xa);
const BOB: Uuid = Uuid::from_u128(0xb);

fn fresh_lease() -> Uuid {
    static TAKEN: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u64_pair(0, TAKEN.fetch_add(1, Ordering::Relaxed))
}

async fn enqueue(tx: &mut Tx, subject: u128, run_at: i64) {
    tx.enqueue(JobKind::Session, id(subject), Timestamp(run_at)).await.unwrap();
}

async fn take(tx: &mut Tx, owner: Uuid, now: i64) -> Option<Job> {
    tx.take_job(owner, fresh_lease(), Timestamp(now), LEASE_MS).await.unwrap()
}

async fn next_due(tx: &mut Tx) -> Option<i64> {
    tx.next_due().await.unwrap().map(|Timestamp(ms)| ms)
}

pub async fn a_job_is_taken_when_it_is_due(database: &Database) {
    let mut tx = begin(&database.store).await;
    assert_eq!(next_due(&mut tx).await, None);
    enqueue(&mut tx, 1, 100).await;
    enqueue(&mut tx, 2, 50).await;
    tx.enqueue(JobKind::Workspace, id(1), Timestamp(200)).await.unwrap();
    assert_eq!(next_due(&mut tx).await, Some(50));
    assert_eq!(take(&mut tx, ALICE, 49).await, None);
    let job = take(&mut tx, ALICE, 150).await.unwrap();
    let expected = Job {
        lease: job.lease,
        kind: JobKind::Session,
        subject: id(2),
        generation: 1,
        attempts: 1,
        run_at: Timestamp(50),
    };
    assert_eq!(job, expected, "the job that is due for longest comes first");
    assert_eq!(take(&mut tx, BOB, 150).await.unwrap().subject, id(1));
    assert_eq!(take(&mut tx, BOB, 150).await, None);
    assert!(tx.finish_job(&job).await.unwrap());
    assert!(!tx.finish_job(&job).await.unwrap(), "it is gone");
    assert_eq!(take(&mut tx, BOB, 200).await.unwrap().kind, JobKind::Workspace);
}

pub async fn asking_again_keeps_one_job_that_is_due_earlier(database: &Database) {
    let mut tx = begin(&database.store).await;
    enqueue(&mut tx, 1, 100).await;
    enqueue(&mut tx, 1, 300).await;
    assert_eq!(next_due(&mut tx).await, Some(100));
    enqueue(&mut tx, 1, 20).await;
    assert_eq!(next_due(&mut tx).await, Some(20));
    let job = take(&mut tx, ALICE, 20).await.unwrap();
    assert_eq!((job.generation, job.attempts), (3, 1));
    assert!(tx.finish_job(&job).await.unwrap());
    assert_eq!(next_due(&mut tx).await, None);
}

pub async fn a_job_that_was_asked_for_again_runs_again(database: &Database) {
    let mut tx = begin(&database.store).await;
    enqueue(&mut tx, 1, 0).await;
    let job = take(&mut tx, ALICE, 0).await.unwrap();
    assert_eq!(tx.heartbeat(&job, Timestamp(500), LEASE_MS).await.unwrap(), Heartbeat::Current);
    enqueue(&mut tx, 1, 600).await;
    assert_eq!(take(&mut tx, BOB, 600).await, None, "it still runs");
    assert_eq!(tx.heartbeat(&job, Timestamp(600), LEASE_MS).await.unwrap(), Heartbeat::AskedAgain);
    assert!(tx.finish_job(&job).await.unwrap());
    let again = take(&mut tx, BOB, 600).await.unwrap();
    assert_eq!((again.generation, again.attempts), (2, 1));
}

pub async fn a_lease_that_ran_out_is_lost_to_the_next_taker(database: &Database) {
    let mut tx = begin(&database.store).await;
    enqueue(&mut tx, 1, 0).await;
    let job = take(&mut tx, ALICE, 0).await.unwrap();
    assert_eq!(next_due(&mut tx).await, Some(1_000));
    assert_eq!(tx.heartbeat(&job, Timestamp(900), LEASE_MS).await.unwrap(), Heartbeat::Current);
    assert_eq!(take(&mut tx, BOB, 1_899).await, None, "the heartbeat renewed the lease");
    let taken = take(&mut tx, BOB, 1_900).await.unwrap();
    assert_eq!(taken.attempts, 2);
    assert_eq!(tx.heartbeat(&job, Timestamp(1_900), LEASE_MS).await.unwrap(), Heartbeat::Lost);
    assert!(!tx.finish_job(&job).await.unwrap());
    tx.retry_job(&job, Timestamp(9_999), "late").await.unwrap();
    assert_eq!(tx.heartbeat(&taken, Timestamp(1_900), LEASE_MS).await.unwrap(), Heartbeat::Current);
    assert!(tx.finish_job(&taken).await.unwrap());
}

pub async fn a_server_that_stalled_doesnt_take_a_later_lease_of_its_own_for_the_first(database: &Database) {
    let mut tx = begin(&database.store).await;
    enqueue(&mut tx, 1, 0).await;
    let stalled = take(&mut tx, ALICE, 0).await.unwrap();
    let taken = take(&mut tx, ALICE, 1_000).await.unwrap();
    assert_eq!(tx.heartbeat(&stalled, Timestamp(1_000), LEASE_MS).await.unwrap(), Heartbeat::Lost);
    assert!(!tx.finish_job(&stalled).await.unwrap());
    tx.retry_job(&stalled, Timestamp(9_999), "late").await.unwrap();
    assert_eq!(tx.heartbeat(&taken, Timestamp(1_500), LEASE_MS).await.unwrap(), Heartbeat::Current);
    assert!(tx.finish_job(&taken).await.unwrap());
}

pub async fn a_failed_try_is_due_later(database: &Database) {
    let mut tx = begin(&database.store).await;
    enqueue(&mut tx, 1, 0).await;
    for attempts in 1..=3 {
        let now = i64::from(attempts) * 10_000;
        let job = take(&mut tx, ALICE, now).await.unwrap();
        assert_eq!(job.attempts, attempts);
        tx.retry_job(&job, Timestamp(now + 10_000), "no\0t yet").await.unwrap();
        assert_eq!(take(&mut tx, BOB, now + 9_999).await, None);
        assert_eq!(next_due(&mut tx).await, Some(now + 10_000));
    }
    enqueue(&mut tx, 1, 50_000).await;
    assert_eq!(take(&mut tx, ALICE, 50_000).await.unwrap().attempts, 1, "asking again gives all attempts anew");
}

pub async fn a_failed_try_of_an_old_generation_is_due_at_once(database: &Database) {
    let mut tx = begin(&database.store).await;
    enqueue(&mut tx, 1, 0).await;
    let job = take(&mut tx, ALICE, 0).await.unwrap();
    enqueue(&mut tx, 1, 10).await;
    tx.retry_job(&job, Timestamp(60_000), "failed").await.unwrap();
    assert_eq!(take(&mut tx, ALICE, 10).await.unwrap().generation, 2);
}

pub async fn two_takers_never_get_the_same_job(database: &Database) {
    let mut tx = begin(&database.store).await;
    for subject in 1..=40 {
        enqueue(&mut tx, subject, 0).await;
    }
    commit(tx).await;
    let takers = (0..8).map(|taker| {
        let store = database.store.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            loop {
                let mut tx = begin(&store).await;
                let job = take(&mut tx, id(taker), 0).await;
                commit(tx).await;
                match job {
                    Some(job) => taken.push(job.subject),
                    None => return taken,
                }
            }
        })
    });
    let mut taken = Vec::new();
    for taker in takers.collect::<Vec<_>>() {
        taken.extend(taker.await.unwrap());
    }
    assert_eq!(taken.len(), 40);
    assert_eq!(taken.iter().collect::<HashSet<_>>().len(), 40);
}

pub async fn a_clean_shutdown_gives_its_jobs_back(database: &Database) {
    let mut tx = begin(&database.store).await;
    enqueue(&mut tx, 1, 0).await;
    enqueue(&mut tx, 2, 1).await;
    let first = take(&mut tx, ALICE, 5).await.unwrap();
    let other = take(&mut tx, BOB, 5).await.unwrap();
    tx.release_jobs(ALICE).await.unwrap();
    let again = take(&mut tx, BOB, 5).await.unwrap();
    assert_eq!((again.subject, again.attempts), (first.subject, first.attempts), "the try doesn't count");
    assert_eq!(tx.heartbeat(&other, Timestamp(5), LEASE_MS).await.unwrap(), Heartbeat::Current);
}

pub async fn a_lease_has_one_owner(database: &Database) {
    let mut tx = begin(&database.store).await;
    let mut acquire = async |owner, now| tx.acquire_lease("s", owner, Timestamp(now), LEASE_MS).await.unwrap();
    assert!(acquire(ALICE, 0).await);
    assert!(!acquire(BOB, 999).await);
    assert!(acquire(ALICE, 999).await, "one's own is renewed");
    assert!(!acquire(BOB, 1_998).await);
    assert!(acquire(BOB, 1_999).await, "it ran out");
    assert!(!acquire(ALICE, 2_000).await);
    tx.release_lease("s", ALICE).await.unwrap();
    assert!(!tx.acquire_lease("s", ALICE, Timestamp(2_000), LEASE_MS).await.unwrap(), "only its owner gives it back");
    tx.release_lease("s", BOB).await.unwrap();
    assert!(tx.acquire_lease("s", ALICE, Timestamp(2_000), LEASE_MS).await.unwrap());
}
