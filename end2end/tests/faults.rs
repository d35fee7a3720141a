//! What happens when something breaks: nothing is lost, nothing is doubled, nothing is left behind.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, make_repository, text};
use octobot_end2end::{Server, rehearse};
use serde_json::Value;

/// How often the server is killed during one turn.
const KILLS: u32 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_during_a_turn_loses_nothing_and_doubles_nothing() {
    rehearse("kill -9 of the server during a turn", async |server: &mut Server, folder: &Path| -> Result<()> {
        make_repository(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, "for i in $(seq 1 2000); do echo \"line $i\"; sleep 0.01; done").await?;
        api.submit(&session, "echo after").await?;
        let mut pause = 0x9e37_79b9_u32;
        for _ in 0..KILLS {
            pause = pause.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // The random moment is the point of the test: there is no event to wait for.
            tokio::time::sleep(Duration::from_millis(u64::from(50 + (pause >> 16) % 500))).await;
            server.kill_and_restart().await?;
        }
        api.idle(&session).await?;

        let log = daemon_log(server.data(), &session)?;
        let numbers: Vec<_> = log.iter().filter_map(|event| event["number"].as_u64()).collect();
        ensure!(numbers.iter().copied().eq(1..=numbers.len() as u64), "the daemon's log has gaps");
        let printed: String = log.iter().filter(|e| e["call"] == 0).filter_map(|e| e["text"].as_str()).collect();
        let view = api.get(&format!("/sessions/{session}")).await?;
        let messages = view["messages"].as_array().context("no messages")?;
        let roles: Vec<_> = messages.iter().filter_map(|message| message["role"].as_str()).collect();
        ensure!(roles == ["user", "agent", "user", "agent"], "messages are lost or doubled: {roles:?}");
        let mut shown = api.output(&session, &text(&messages[1]["parts"][0]["id"])?).await?;
        ensure!(shown.len() >= 2000, "only {} lines arrived", shown.len());
        shown.truncate(2000);
        let expected: Vec<_> = (1..=2000).map(|i| format!("line {i}")).collect();
        ensure!(shown == expected, "the transcript isn't what was printed");
        ensure!(printed.starts_with(&expected.join("\n")), "the daemon's log isn't what was printed");

        let known = view["asOf"].as_u64().context("no event number")?;
        let mut events = api.events(&format!("after=0&session={session}")).await?;
        for expected in 1..=known {
            let event = events.next().await?;
            ensure!(event["number"] == expected, "event {expected} is missing: {event}");
        }
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_session_leaves_nothing_behind() {
    rehearse("deleting a session", async |server: &mut Server, folder: &Path| -> Result<()> {
        make_repository(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, "sleep 600 & (setsid sleep 601 &) ; sleep 602").await?;
        api.session_state(&session, "running").await?;
        ensure!(sandbox_folder(server.data(), &session).is_ok(), "the control finds no sandbox");
        api.delete_sessions().await?;
        ensure!(sandbox_folder(server.data(), &session).is_err(), "a folder is left");
        for sleep in ["sleep\0600\0", "sleep\0601\0", "sleep\0602\0"] {
            ensure!(!runs(sleep)?, "a process is left: {sleep:?}");
        }
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_sandbox_dies_during_a_turn_goes_on() {
    rehearse("a sandbox that dies", async |server: &mut Server, folder: &Path| -> Result<()> {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, "touch kept; echo begun; sleep 603").await?;
        api.submit(&session, "ls").await?;
        api.session_state(&session, "running").await?;
        kill_sandbox_of("sleep\0603\0")?;
        api.idle(&session).await?;
        let view = api.get(&format!("/sessions/{session}")).await?;
        let messages = view["messages"].as_array().context("no messages")?;
        let last = messages.last().context("no message")?;
        ensure!(last["parts"][0]["body"]["output"]["lines"][0] == "kept", "the queue doesn't go on: {last}");
        Ok(())
    })
    .await;
}

/// The folder of a session's sandbox.
fn sandbox_folder(data: &Path, session: &str) -> Result<PathBuf> {
    let installations = std::fs::read_dir(data.join("sandboxes"))?;
    let folders = installations.filter_map(|entry| Some(entry.ok()?.path().join(session)));
    folders.into_iter().find(|folder| folder.exists()).context("there is no folder")
}

/// The events that the daemon of a session has logged.
fn daemon_log(data: &Path, session: &str) -> Result<Vec<Value>> {
    let events = sandbox_folder(data, session)?.join("events");
    let log = std::fs::read_dir(&events)?.filter_map(|entry| Some(entry.ok()?.path()));
    let log =
        log.into_iter().find(|path| path.extension().is_some_and(|e| e == "ndjson")).context("there is no log")?;
    std::fs::read_to_string(log)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// Whether a process with these arguments runs, on the whole machine.
fn runs(arguments: &str) -> Result<bool> {
    Ok(!processes(arguments)?.is_empty())
}

/// Kills process 1 of the sandbox in which a process with these arguments runs.
fn kill_sandbox_of(arguments: &str) -> Result<()> {
    let namespace = |id: u32| std::fs::read_link(format!("/proc/{id}/ns/pid")).ok();
    let process = *processes(arguments)?.first().context("there is no such process")?;
    let inside = namespace(process).context("the process has gone")?;
    let first = processes("octobot-agent\0init\0")?.into_iter().find(|id| namespace(*id).as_ref() == Some(&inside));
    let status = std::process::Command::new("kill")
        .args(["-9", &first.context("there is no process 1")?.to_string()])
        .status()?;
    ensure!(status.success(), "process 1 can't be killed");
    Ok(())
}

fn processes(arguments: &str) -> Result<Vec<u32>> {
    let ids = std::fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    Ok(ids
        .filter(|id| {
            std::fs::read(format!("/proc/{id}/cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains(arguments))
        })
        .collect())
}
