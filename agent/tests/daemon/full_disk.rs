//! A full disk under the event log.

use std::process::{Command, Stdio};

use hyper::StatusCode;
use octobot_wire::daemon::TurnOutcome;

use crate::sandbox::{AGENT, Sandbox, daemon_arguments, new_folder, skip};

/// Starts a daemon whose data folder is a small disk of its own; none where the kernel refuses it.
async fn on_a_small_disk() -> Option<Sandbox> {
    let folder = new_folder();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let script = r#"mount -t tmpfs -o size=512k tmpfs "$0" && exec "$@""#;
    let mut command = Command::new("unshare");
    command.args(["--user", "--mount", "--map-root-user", "sh", "-c", script]).arg(&data);
    let refused = match command.output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(refused) = refused {
        skip("a full disk", &refused);
        return None;
    }
    command.arg(AGENT).arg("daemon").args(daemon_arguments(&folder)).stdin(Stdio::null());
    Some(Sandbox::listening(folder, command.spawn().unwrap()).await)
}

#[tokio::test]
async fn a_full_disk_ends_the_turn_and_its_end_is_written_when_there_is_space() {
    let Some(sandbox) = on_a_small_disk().await else { return };
    let mut events = sandbox.follow(0).await;
    let filler = sandbox.path("data/filler").display().to_string();
    // Then lines, one event each, until the log's last block is full, too.
    let script = format!("head -c 1000000 /dev/zero >{filler}; while echo x; do sleep 0.02; done");
    assert_eq!(sandbox.deliver(1, "", &script).await.0, StatusCode::OK);
    crate::sandbox::eventually_async("the turn is stopped", || async {
        sandbox.health().await.turn.is_none().then_some(())
    })
    .await;
    assert_eq!(sandbox.deliver(2, "", "echo too early").await.0, StatusCode::INSUFFICIENT_STORAGE);

    // The disk is mounted in the daemon's namespace only.
    std::fs::remove_file(format!("/proc/{}/root{filler}", sandbox.daemon.id())).unwrap();
    let ran = events.ran().await;
    assert!(matches!(ran.outcome, TurnOutcome::Failed { reason, .. } if reason.contains("disk")));
    assert_eq!(sandbox.run(2, "echo there is space").await.output, "there is space\n");
    let numbers: Vec<u64> = sandbox.events().await.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}
