//! What survives the daemon's death.

use hyper::StatusCode;
use octobot_wire::daemon::{DaemonEventBody, TurnOutcome};

use crate::sandbox::{Sandbox, processes_with};

#[tokio::test]
async fn a_daemon_killed_in_the_middle_of_a_turn_interrupts_it() {
    let mut sandbox = Sandbox::start().await;
    let nap = format!("sleep {}.5", 200_000 + std::process::id());
    let mut events = sandbox.follow(0).await;
    sandbox.deliver(1, "", &format!("setsid {nap} & env -i {nap} & while echo tick; do sleep 0.01; done")).await;
    events.printed("tick\ntick\n").await;
    sandbox.crash().await;
    assert_eq!(processes_with(&nap), [0; 0]);
    let events = sandbox.events().await;
    let numbers: Vec<u64> = events.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
    let ended = DaemonEventBody::TurnEnded { turn_id: sandbox.turn_id(1), outcome: TurnOutcome::Interrupted };
    assert_eq!(events.last().unwrap().body, ended);
    assert!(matches!(events[events.len() - 2].body, DaemonEventBody::ToolCallEnded { .. }));
    assert_eq!(sandbox.health().await.turn, None);
    assert_eq!(sandbox.run(2, "echo on").await.output, "on\n");
}

#[tokio::test]
async fn a_turn_is_run_once_however_often_it_is_delivered() {
    let mut sandbox = Sandbox::start().await;
    let mut events = sandbox.follow(0).await;
    let script = "echo run >>runs; sleep 0.2";
    let first = sandbox.deliver(1, "", script).await;
    assert_eq!((first.0, first.1["repeated"].as_bool()), (StatusCode::OK, Some(false)));
    let second = sandbox.deliver(1, "", script).await;
    assert_eq!((second.0, second.1["repeated"].as_bool()), (StatusCode::OK, Some(true)));
    let other = sandbox.deliver(2, "", "echo other").await;
    assert_eq!(other.0, StatusCode::CONFLICT);
    assert_eq!(sandbox.health().await.turn, Some(sandbox.turn_id(1)));
    events.ran().await;
    sandbox.crash().await;
    let third = sandbox.deliver(1, "", script).await;
    assert_eq!((third.0, third.1["repeated"].as_bool()), (StatusCode::OK, Some(true)));
    assert_eq!(std::fs::read_to_string(sandbox.path("home/workspace/runs")).unwrap(), "run\n");
}

#[tokio::test]
async fn a_daemon_killed_at_any_moment_leaves_a_log_without_gaps() {
    let mut sandbox = Sandbox::start().await;
    for turn in 1..=10 {
        let mut events = sandbox.follow(sandbox.health().await.last_event).await;
        assert_eq!(sandbox.deliver(turn, "", "for i in $(seq 2000); do echo $i; done").await.0, StatusCode::OK);
        for _ in 0..turn {
            if let Some(DaemonEventBody::TurnEnded { .. }) = events.next().await.map(|event| event.body) {
                break;
            }
        }
        sandbox.crash().await;
    }
    let events = sandbox.events().await;
    assert!(events.iter().map(|event| event.number).eq(1..=events.len() as u64));
    let count = |wanted: fn(&DaemonEventBody) -> bool| events.iter().filter(|event| wanted(&event.body)).count();
    assert_eq!(count(|body| matches!(body, DaemonEventBody::TurnStarted { .. })), 10);
    assert_eq!(count(|body| matches!(body, DaemonEventBody::TurnEnded { .. })), 10);
}

#[tokio::test]
async fn the_shells_state_survives_the_daemon() {
    let mut sandbox = Sandbox::start().await;
    sandbox.run(1, "export A=kept; cd /").await;
    sandbox.crash().await;
    assert_eq!(sandbox.run(2, "echo $A; pwd").await.output, "kept\n/\n");
}

#[tokio::test]
async fn a_log_that_somebody_has_changed_is_refused() {
    let mut sandbox = Sandbox::start().await;
    sandbox.run(1, "echo a").await;
    sandbox.terminate().await;
    let path = sandbox.path("data/events.ndjson");
    let log = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, log.replacen("\"number\":2", "\"number\":9", 1)).unwrap();
    let arguments = crate::sandbox::daemon_arguments(&sandbox.folder);
    let output = std::process::Command::new(crate::sandbox::AGENT).arg("daemon").args(arguments).output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("corrupt at byte") && told.contains("event 2"), "{told}");
}
