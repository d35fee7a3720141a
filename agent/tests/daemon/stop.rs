//! Stop means stop.

use std::time::{Duration, Instant};

use hyper::StatusCode;
use octobot_wire::daemon::TurnOutcome;
use octobot_wire::message::ToolCallStatus;

use crate::sandbox::{Sandbox, eventually, processes_with};

/// A number of seconds to sleep that no other test and nobody else uses, so that the process can be found by it.
fn nap(number: u32) -> String {
    format!("sleep {}.{number}", 100_000 + std::process::id())
}

#[tokio::test]
async fn a_cancelled_turn_leaves_no_process_however_it_hid() {
    let sandbox = Sandbox::start().await;
    let nap = nap(1);
    let script = format!(
        "{nap} & setsid {nap} & nohup {nap} & (setsid nohup sh -c '({nap} &) ; {nap}' &) ; (trap '' TERM; {nap}) & \
         env -i setsid {nap} & echo ready; {nap}"
    );
    let mut events = sandbox.follow(0).await;
    sandbox.deliver(1, "", &script).await;
    events.printed("ready").await;
    eventually("all run", || (processes_with(&nap).len() >= 8).then_some(())).await;
    assert_eq!(sandbox.cancel(1).await, StatusCode::ACCEPTED);
    assert_eq!(sandbox.cancel(1).await, StatusCode::ACCEPTED);
    let ran = events.ran().await;
    assert_eq!(processes_with(&nap), [0; 0]);
    assert_eq!(ran.outcome, TurnOutcome::Cancelled);
    assert!(matches!(ran.status, ToolCallStatus::Cancelled { .. }));
    assert_eq!(sandbox.cancel(1).await, StatusCode::ACCEPTED);
    assert_eq!(sandbox.run(2, "echo next").await.output, "next\n");
}

#[tokio::test]
async fn a_script_that_heeds_the_request_to_end_has_time_for_it() {
    let sandbox = Sandbox::start().await;
    let mut events = sandbox.follow(0).await;
    sandbox.deliver(1, "", "trap 'echo tidied; exit 0' TERM; echo ready; while :; do sleep 0.05; done").await;
    events.printed("ready").await;
    sandbox.cancel(1).await;
    let ran = events.ran().await;
    assert!(ran.output.contains("tidied"), "{}", ran.output);
    assert_eq!(ran.outcome, TurnOutcome::Cancelled);
}

#[tokio::test]
async fn a_script_that_ignores_the_request_is_killed_after_the_grace() {
    let sandbox = Sandbox::start().await;
    let mut events = sandbox.follow(0).await;
    sandbox.deliver(1, "", "trap '' TERM; echo ready; while :; do sleep 0.05; done").await;
    events.printed("ready").await;
    let asked = Instant::now();
    sandbox.cancel(1).await;
    assert_eq!(events.ran().await.outcome, TurnOutcome::Cancelled);
    assert!((Duration::from_secs(5)..Duration::from_secs(9)).contains(&asked.elapsed()), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_flood_of_output_delays_no_stop() {
    let sandbox = Sandbox::start().await;
    let mut events = sandbox.follow(0).await;
    sandbox.deliver(1, "", "yes").await;
    events.printed("y\ny\n").await;
    let asked = Instant::now();
    sandbox.cancel(1).await;
    assert_eq!(events.ran().await.outcome, TurnOutcome::Cancelled);
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_script_that_kills_its_root_process_leaves_nothing_either() {
    let sandbox = Sandbox::start().await;
    let nap = nap(2);
    let ran = sandbox.run(1, &format!("setsid {nap} & kill -9 $PPID; {nap}")).await;
    assert!(matches!(ran.outcome, TurnOutcome::Failed { .. }), "{:?}", ran.outcome);
    assert_eq!(processes_with(&nap), [0; 0]);
}

#[tokio::test]
async fn what_runs_in_the_background_goes_on_and_holds_nobody_up() {
    let sandbox = Sandbox::start().await;
    let nap = nap(3);
    let began = Instant::now();
    let script = format!("(while echo beat >>beats; do echo shown; sleep 0.02; done) & ({nap} & ) ; echo started");
    let ran = sandbox.run(1, &script).await;
    assert!(ran.output.contains("started"));
    assert!(began.elapsed() < Duration::from_secs(5));
    let beats = || std::fs::read(sandbox.path("home/workspace/beats")).unwrap().len();
    let before = beats();
    eventually("it goes on", || (beats() > before + 10).then_some(())).await;
    // A turn that is cancelled doesn't end what another one has left.
    let mut events = sandbox.follow(sandbox.health().await.last_event).await;
    sandbox.deliver(2, "", "echo ready; sleep 1000").await;
    events.printed("ready").await;
    sandbox.cancel(2).await;
    events.ran().await;
    assert_eq!(processes_with(&nap).len(), 1);
    sandbox.run(3, &format!("pkill -f '^{nap}'; rm beats; mkdir beats")).await;
    eventually("it ends", || processes_with(&nap).is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_daemon_that_is_asked_to_end_interrupts_the_turn_first() {
    let mut sandbox = Sandbox::start().await;
    let nap = nap(4);
    let mut events = sandbox.follow(0).await;
    sandbox.deliver(1, "", &format!("setsid {nap} & echo ready; {nap}")).await;
    events.printed("ready").await;
    let status = sandbox.terminate().await;
    assert_eq!(status.code(), Some(0));
    assert_eq!(processes_with(&nap), [0; 0]);
    let ran = events.ran().await;
    assert_eq!((ran.outcome, ran.status), (TurnOutcome::Interrupted, ToolCallStatus::Interrupted));
    assert_eq!(events.next().await, None, "the stream ends in order");
    let last = std::fs::read_to_string(sandbox.path("data/events.ndjson")).unwrap();
    sandbox.start_again().await;
    assert_eq!(sandbox.health().await.last_event, last.lines().count() as u64, "nothing is ended twice");
}
