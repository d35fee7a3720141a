//! What happens when something breaks below the server: a daemon, an agent, a connection, a container, the engine. What a
//! client knows is then what the daemon has logged, sessions change their state within seconds, and the queue goes on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, make_repository, text};
use octobot_end2end::engine::{Engine, IMAGE, OwnEngine};
use octobot_end2end::moments::Moments;
use octobot_end2end::relay::Relay;
use octobot_end2end::{Place, Server, agreement, processes, rehearse, rehearse_at, rehearse_in, skip};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

/// How often something is killed or cut.
const KILLS: u32 = 20;
const CUTS: usize = 100;

/// How long a session may take to show what has become of it.
const SOON: Duration = Duration::from_secs(5);

/// How many sessions are made to see what is left of them.
const SESSIONS: usize = 50;

/// A script that prints lines for longer than any test waits.
const ENDLESS: &str = "for i in $(seq 20000); do echo \"line $i\"; sleep 0.005; done";

/// Waits until a session's turns have ended, which mustn't take long.
async fn soon_idle(api: &Api, session: &str) -> Result<()> {
    timeout(SOON, api.idle(session)).await.context("the queue doesn't go on within 5 s")?
}

/// Submits an endless turn and one behind it, and waits until the first one runs.
async fn keep_busy(api: &Api, session: &str, prompt: &str, after: &str) -> Result<()> {
    let turn = api.submit(session, prompt).await?;
    api.submit(session, after).await?;
    api.until_in(session, "the turn to run", async || {
        let turns = api.get(&format!("/sessions/{session}/turns")).await?;
        let found = turns.as_array().into_iter().flatten().find(|open| open["id"] == turn);
        Ok(found.is_some_and(|turn| turn["state"]["state"] == "running").then_some(()))
    })
    .await
}

/// Kills the daemon in the middle of turns, again and again.
async fn kill_daemons(api: &Api, session: &str, kills: u32) -> Result<()> {
    let mut moments = Moments::up_to(Duration::from_millis(300));
    for _ in 0..kills {
        keep_busy(api, session, ENDLESS, "echo after").await?;
        moments.pass().await;
        processes::kill(session, &["octobot-agent", "daemon"])?;
        soon_idle(api, session).await?;
    }
    let messages = api.messages(session).await?;
    let turns = usize::try_from(kills)? * 2;
    ensure!(messages.len() == 2 * turns, "{} messages instead of {}", messages.len(), 2 * turns);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_killed_at_any_moment_costs_its_turn_and_nothing_else() {
    rehearse("kill -9 of the daemon", async |server: &mut Server, folder: &Path| -> Result<()> {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        kill_daemons(&api, &session, KILLS).await?;
        agreement::check(&api, &session, &server.sandbox_folder(&session)?).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_removed_or_whose_daemon_is_killed_goes_on_with_its_data() {
    let engine = Engine::of_machine();
    if let Some(why) = engine.lacks(IMAGE) {
        return skip("a container that is removed", &why);
    }
    rehearse_in(&engine, engine.place(IMAGE), "removal", async |server: &mut Server, folder: &Path| -> Result<()> {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        // More often than process 1 starts a daemon again in so short a time.
        kill_daemons(&api, &session, 6).await?;

        keep_busy(&api, &session, &format!("touch kept; {ENDLESS}"), "ls").await?;
        engine.remove_container(&session)?;
        soon_idle(&api, &session).await?;
        engine.remove_container(&session)?;
        timeout(SOON, api.session_state(&session, "stopped")).await.context("nobody notices")??;
        api.submit(&session, "ls").await?;
        soon_idle(&api, &session).await?;
        let last = api.messages(&session).await?.pop().context("no message")?;
        let shown = api.output(&session, &last.parts[0].id.to_string()).await?;
        ensure!(shown[0] == "kept", "the data is lost: {shown:?}");
        agreement::check(&api, &session, &engine.data(&session)?).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_killed_at_any_moment_fails_its_turn_and_the_queue_goes_on() {
    const NAME: &str = "kill -9 of an agent";
    let Some(tools) = fake_agent() else {
        return skip(NAME, "the example fake-agent isn't built (run all tests of the workspace)");
    };
    let options = vec![format!("--tool-dir={}", tools.path().display())];
    rehearse_at(Place { options, ..Place::default() }, NAME, async |server: &mut Server, folder: &Path| {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let agent = json!({ "name": "Fake", "agentType": "custom", "options": { "command": ["fake-agent"] } });
        let session = api.create_session_with(&workspace, &agent).await?;
        let busy = format!("{}stubborn", "say some\nrun echo printed\nsay words\n".repeat(8));
        let mut moments = Moments::up_to(Duration::from_millis(200));
        for _ in 0..KILLS {
            keep_busy(&api, &session, &busy, "say after").await?;
            moments.pass().await;
            while processes::running(&session, &["fake-agent"])?.is_empty() {
                // It is being started. Nobody tells when that is done.
                sleep(Duration::from_millis(2)).await;
            }
            processes::kill(&session, &["fake-agent"])?;
            soon_idle(&api, &session).await?;
        }
        let messages = api.messages(&session).await?;
        let failed = messages.iter().filter(|message| format!("{message:?}").contains("Error {")).count();
        ensure!(failed == usize::try_from(KILLS)?, "{failed} turns have failed");
        agreement::check(&api, &session, &server.sandbox_folder(&session)?).await
    })
    .await;
}

/// A tool folder with the agent of the daemon's tests, which stands beside this test's folder.
fn fake_agent() -> Option<tempfile::TempDir> {
    let built = std::env::current_exe().ok()?.ancestors().nth(2)?.join("examples/fake-agent");
    let folder = tempfile::tempdir().ok()?;
    std::fs::create_dir(folder.path().join("bin")).ok()?;
    std::fs::copy(built, folder.path().join("bin/fake-agent")).ok()?;
    Some(folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_to_the_sandbox_that_is_cut_a_hundred_times_loses_and_doubles_nothing() {
    rehearse("cut connections", async |server: &mut Server, folder: &Path| -> Result<()> {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        let relay = Relay::before(&server.sandbox_folder(&session)?.join("run/agent.sock"))?;
        // From now on the server gets to the daemon by the relay only.
        server.kill_and_restart().await?;
        let mut moments = Moments::up_to(Duration::from_millis(100));
        let mut cuts = 0;
        while cuts < CUTS {
            if cuts % 10 == 0 {
                api.submit(&session, "for i in $(seq 150); do echo \"line $i\"; sleep 0.005; done").await?;
            }
            moments.pass().await;
            cuts += relay.cut();
        }
        api.idle(&session).await?;
        for message in api.messages(&session).await?.iter().skip(1).step_by(2) {
            let shown = api.output(&session, &message.parts[0].id.to_string()).await?;
            ensure!(shown.iter().filter(|line| !line.is_empty()).count() == 150, "lines are lost: {shown:?}");
        }
        agreement::check(&api, &session, &server.sandbox_folder(&session)?).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_stay_as_they_are_over_stops_and_starts_and_restarts_of_the_engine() {
    const NAME: &str = "restarts of the engine";
    if let Some(why) = Engine::of_machine().lacks(IMAGE) {
        return skip(NAME, &why);
    }
    let mut own = match OwnEngine::start().await {
        Ok(own) => own,
        Err(error) => return skip(NAME, &format!("an engine of the test's own can't be started: {error:#}")),
    };
    let engine = own.engine().clone();
    rehearse_in(&engine, engine.place(IMAGE), NAME, async |server: &mut Server, folder: &Path| -> Result<()> {
        make_repository(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, "head -c 3000000 /dev/urandom > noise; git add .; git stash -q; git stash apply -q")
            .await?;
        api.idle(&session).await?;
        let files = engine.data(&session)?.join("home/workspace");
        let before = checksums(&files)?;
        ensure!(before.len() > 15 && before.contains_key("./noise"), "the control: {before:?}");
        for _ in 0..10 {
            api.post(&format!("/sessions/{session}/stop"), &Value::Null).await?;
            api.session_state(&session, "stopped").await?;
            api.post(&format!("/sessions/{session}/start"), &Value::Null).await?;
            api.session_state(&session, "ready").await?;
        }
        for restart in 0..2 {
            keep_busy(&api, &session, ENDLESS, "git --no-pager -c color.ui=false status --short").await?;
            if restart == 0 {
                own.restart().await?;
            } else {
                own.kill_and_restart().await?;
            }
            // The engine was looked for every few seconds.
            timeout(2 * SOON, api.idle(&session)).await.context("the queue doesn't go on")??;
        }
        let mut after = checksums(&files)?;
        // The daemon has kept the files as they were beside each turn.
        let is_kept =
            |path: &str| path.starts_with("./.git/objects/") || path.starts_with("./.git/refs/octobot/turns/");
        after.retain(|path, _| before.contains_key(path) || !is_kept(path));
        ensure!(after == before, "files have changed");
        agreement::check(&api, &session, &engine.data(&session)?).await
    })
    .await;
}

/// The checksum of every file below a folder. Git's index also holds times, which asking for the status brings up to date.
fn checksums(folder: &Path) -> Result<BTreeMap<String, String>> {
    let find = "find . -type f ! -path ./.git/index -exec sha256sum {} +";
    let output = Command::new("sh").args(["-c", find]).current_dir(folder).output()?;
    ensure!(output.status.success(), "the files can't be read: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let pairs = lines.lines().filter_map(|line| line.split_once("  "));
    Ok(pairs.map(|(sum, file)| (file.to_owned(), sum.to_owned())).collect())
}

/// Makes many sessions at once, uses and deletes them; returns their ids.
async fn come_and_go(api: &Api, folder: &Path) -> Result<Vec<String>> {
    let workspace = api.add_workspace(&folder.display().to_string()).await?;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(text(&api.post("/sessions", &json!({ "workspaceId": workspace })).await?["id"])?);
    }
    for session in &sessions {
        api.session_state(session, "ready").await?;
        api.submit(session, "sleep 600 & (setsid sleep 601 &); echo begun").await?;
    }
    api.idle(&sessions[0]).await?;
    ensure!(!processes::of_session(&sessions[0])?.is_empty(), "the control finds no processes");
    api.delete_sessions().await?;
    for session in &sessions {
        let left = processes::of_session(session)?;
        ensure!(left.is_empty(), "session {session} has left the processes {left:?}");
    }
    Ok(sessions)
}

/// The entries of the folders of the only installation in a folder of the data folder.
fn entries(data: &Path, kind: &str) -> Result<Vec<PathBuf>> {
    let installation = std::fs::read_dir(data.join(kind))?.next().context("there is no installation")??;
    Ok(std::fs::read_dir(installation.path())?.filter_map(|entry| Some(entry.ok()?.path())).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_sessions_that_come_and_go_leave_no_process_and_no_folder() {
    rehearse("fifty sessions", async |server: &mut Server, folder: &Path| -> Result<()> {
        let api = Api::new(&server.url(""));
        come_and_go(&api, folder).await?;
        let left = entries(server.data(), "sandboxes")?;
        ensure!(left.iter().all(|path| !path.is_dir() || path.ends_with("cache")), "folders are left: {left:?}");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_sessions_that_come_and_go_leave_no_container_and_no_volume() {
    let engine = Engine::of_machine();
    if let Some(why) = engine.lacks(IMAGE) {
        return skip("fifty sessions in containers", &why);
    }
    rehearse_in(&engine, engine.place(IMAGE), "fifty containers", async |server: &mut Server, folder: &Path| {
        let api = Api::new(&server.url(""));
        for session in come_and_go(&api, folder).await? {
            let left = engine.traces(&session)?;
            ensure!(left.is_empty(), "session {session} has left {left:?}");
        }
        let left = entries(server.data(), "places")?;
        ensure!(left.is_empty(), "folders are left: {left:?}");
        Ok(())
    })
    .await;
}
