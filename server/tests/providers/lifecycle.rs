//! Starting, finding, stopping and removing.

use std::time::{Duration, Instant};

use octobot_server::sandbox::{DaemonClient, LogSink};
use octobot_wire::SessionId;

use super::bench::{Bench, ROOMY, connect_with, remove, run, session, spec, start};

async fn is_running(bench: &dyn Bench, session: SessionId) -> Option<bool> {
    let sandboxes = bench.provider().list().await.unwrap();
    sandboxes.iter().find(|sandbox| sandbox.session == session).map(|sandbox| sandbox.running)
}

pub async fn a_started_sandbox_answers_and_is_listed(bench: &dyn Bench) {
    let session = session();
    assert_eq!(is_running(bench, session).await, None);
    let client = start(bench, session).await;
    assert_eq!(client.health().await.unwrap().last_event, 0);
    assert_eq!(is_running(bench, session).await, Some(true));
    remove(bench, session).await;
    assert_eq!(is_running(bench, session).await, None);
    assert!(client.health().await.is_err(), "the daemon of a removed sandbox still answers");
}

pub async fn two_starts_at_once_make_one_sandbox(bench: &dyn Bench) {
    let session = session();
    let spec = spec(session, ROOMY);
    // Two calls to one provider, and two to others, as if there were several servers.
    let (here, there, further) = (bench.provider(), bench.provider(), bench.provider());
    let log = LogSink::discard();
    let (a, b, c, d) = tokio::join!(
        here.start(&spec, &log),
        here.start(&spec, &log),
        there.start(&spec, &log),
        further.start(&spec, &log)
    );
    let first = a.unwrap();
    for other in [b, c, d] {
        assert_eq!(other.unwrap(), first);
    }
    DaemonClient::new(first).health().await.unwrap();
    assert_eq!(bench.count(session), 1);
    remove(bench, session).await;
}

pub async fn a_start_that_is_killed_at_any_moment_can_be_repeated(bench: &dyn Bench) {
    let session = session();
    let spec = spec(session, ROOMY);
    let mut cut_short = 0;
    for moment in 0..20 {
        let provider = bench.provider();
        let starting = tokio::time::timeout(Duration::from_millis(moment), async {
            provider.start(&spec, &LogSink::discard()).await.unwrap();
        });
        cut_short += u32::from(starting.await.is_err());
        // The server is gone, and for every second time what keeps the sandbox alive as well.
        if moment % 2 == 0 {
            bench.kill(session);
        }
        start(bench, session).await.health().await.unwrap();
        assert_eq!(bench.count(session), 1);
        if moment % 4 < 2 {
            bench.provider().stop(session).await.unwrap();
        }
    }
    assert!(cut_short > 0, "this host is too fast for this test");
    remove(bench, session).await;
    // What was still on its way when it was cut short finds nothing to start, and ends.
    let removed = Instant::now();
    while !bench.traces(session).is_empty() {
        assert!(removed.elapsed() < Duration::from_secs(5), "{:?}", bench.traces(session));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn a_sandbox_outlives_its_provider_and_is_found_again(bench: &dyn Bench) {
    let session = session();
    let provider = bench.provider();
    let spec = spec(session, ROOMY);
    let connection = provider.start(&spec, &LogSink::discard()).await.unwrap();
    drop(provider);
    let found = bench.provider().connect(session).await.unwrap();
    assert_eq!(found, Some(connection.clone()));
    DaemonClient::new(connection).health().await.unwrap();
    bench.provider().stop(session).await.unwrap();
    assert_eq!(bench.provider().connect(session).await.unwrap(), None);
    remove(bench, session).await;
}

pub async fn a_killed_sandbox_is_seen_and_started_again_with_its_data(bench: &dyn Bench) {
    let session = session();
    let client = start(bench, session).await;
    assert!(run(&client, "echo kept > note; sleep 1000 & disown").await.succeeded());
    let killed = Instant::now();
    bench.kill(session);
    while is_running(bench, session).await == Some(true) {
        assert!(killed.elapsed() < Duration::from_secs(5), "the provider still believes that it runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(bench.provider().connect(session).await.unwrap(), None);
    let client = start(bench, session).await;
    assert_eq!(run(&client, "cat note; pgrep -c sleep").await.output, "kept\n0\n");
    remove(bench, session).await;
    assert_eq!(bench.traces(session), Vec::<String>::new());
}

pub async fn files_survive_a_stop(bench: &dyn Bench) {
    let session = session();
    let client = start(bench, session).await;
    assert!(run(&client, "echo kept > note; echo too > ~/other; echo gone > /tmp/scratch").await.succeeded());
    let last_event = client.health().await.unwrap().last_event;
    bench.provider().stop(session).await.unwrap();
    assert_eq!(is_running(bench, session).await, Some(false));
    let client = start(bench, session).await;
    assert_eq!(client.health().await.unwrap().last_event, last_event, "the event log is not the same");
    let outcome = run(&client, "cat note ~/other; command ls /tmp").await;
    assert_eq!(outcome.output, "kept\ntoo\n");
    remove(bench, session).await;
}

pub async fn a_start_during_a_stop_waits_for_its_end(bench: &dyn Bench) {
    let session = session();
    let before = connect_with(bench, session, ROOMY).await;
    // Another server stops what this one starts.
    let (stopping, starting) = (bench.provider(), bench.provider());
    let spec = spec(session, ROOMY);
    let log = LogSink::discard();
    for _ in 0..3 {
        let (stopped, started) = tokio::join!(stopping.stop(session), starting.start(&spec, &log));
        stopped.unwrap();
        // It may have been the stop that came last; what may not be is a start that gives a dead connection for good.
        drop(started);
        let connection = starting.start(&spec, &log).await.unwrap();
        assert_eq!(connection, before);
        DaemonClient::new(connection).health().await.unwrap();
    }
    remove(bench, session).await;
}

pub async fn removing_leaves_nothing(bench: &dyn Bench) {
    let session = session();
    let client = start(bench, session).await;
    let litter = "mkdir -p deep/er && touch deep/er/file && chmod 000 deep/er/file && chmod 555 deep/er && chmod 000 deep; \
                  ln -s / root; mkfifo fifo; (setsid sleep 1000 &) ; nohup sleep 1000 > /dev/null 2>&1 &";
    run(&client, litter).await;
    assert!(bench.traces(session).len() > 2, "this test can't see traces: {:?}", bench.traces(session));
    remove(bench, session).await;
    assert_eq!(bench.traces(session), Vec::<String>::new());
    assert!(std::path::Path::new("/usr/bin").exists(), "a link was followed");
}

pub async fn stopping_and_removing_what_isnt_there_is_fine(bench: &dyn Bench) {
    let session = session();
    let provider = bench.provider();
    provider.stop(session).await.unwrap();
    provider.remove(session).await.unwrap();
    start(bench, session).await;
    for _ in 0..2 {
        provider.stop(session).await.unwrap();
    }
    for _ in 0..2 {
        provider.remove(session).await.unwrap();
    }
    assert_eq!(bench.traces(session), Vec::<String>::new());
}

pub async fn there_is_room_where_sandboxes_are_kept(bench: &dyn Bench) {
    let room = bench.provider().room().await.unwrap();
    assert!(room.free_bytes > 0, "{room:?}");
}
