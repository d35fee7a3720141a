//! What happens when something breaks: nothing is lost, nothing is doubled, nothing is left behind.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, Method, make_repository, text};
use octobot_end2end::{Place, Server, rehearse, rehearse_at, skip};
use serde_json::{Value, json};

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

        let log = daemon_log(server, &session)?;
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
        ensure!(server.sandbox_folder(&session).is_ok(), "the control finds no sandbox");
        api.delete_sessions().await?;
        ensure!(server.sandbox_folder(&session).is_err(), "a folder is left");
        for sleep in ["sleep\x00600\x00", "sleep\x00601\x00", "sleep\x00602\x00"] {
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
        let begun = async || {
            let printed = api.get(&format!("/sessions/{session}")).await?.to_string().contains("[\"begun\"]");
            Ok(printed.then_some(()))
        };
        api.until_in(&session, "has begun", begun).await?;
        // The shell makes the process right after that, and nobody tells of it.
        while !runs("sleep\x00603\x00")? {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        kill_sandbox_of("sleep\x00603\x00")?;
        api.idle(&session).await?;
        let view = api.get(&format!("/sessions/{session}")).await?;
        let messages = view["messages"].as_array().context("no messages")?;
        let last = messages.last().context("no message")?;
        ensure!(last["parts"][0]["body"]["output"]["lines"][0] == "kept", "the queue doesn't go on: {last}");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_is_no_longer_wanted_isnt_built() {
    rehearse("stopping while it is built", async |server: &mut Server, folder: &Path| -> Result<()> {
        make_repository(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let before = processes("octobot-agent\0init\0")?.len();
        for pause_ms in [0, 3, 6, 12, 25, 50] {
            let session = text(&api.post("/sessions", &json!({ "workspaceId": workspace })).await?["id"])?;
            // Each pause meets another step of the building: there is no event to wait for.
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            api.post(&format!("/sessions/{session}/stop"), &Value::Null).await?;
            api.session_state(&session, "stopped").await?;
            ensure!(processes("octobot-agent\0init\0")?.len() == before, "a sandbox is left after {pause_ms} ms");
            api.submit(&session, "git log --oneline").await?;
            api.idle(&session).await?;
            let view = api.get(&format!("/sessions/{session}")).await?;
            let lines = &view["messages"][1]["parts"][0]["body"]["output"]["lines"];
            ensure!(lines.as_array().is_some_and(|lines| lines.len() == 2), "after {pause_ms} ms: {view}");
            api.delete_sessions().await?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_cant_be_cloned_says_why_and_can_be_tried_again() {
    rehearse("cloning again", async |server: &mut Server, folder: &Path| -> Result<()> {
        let api = Api::new(&server.url(""));
        let mut events = api.events("").await?;
        let source = format!("file://{}", folder.join("later").display());
        let id = text(&api.post("/workspaces", &json!({ "source": source })).await?["id"])?;
        let failed = api.settled_workspace(&id).await?;
        let reason = failed["state"]["reason"].as_str().unwrap_or_default();
        ensure!(reason.contains("can't be cloned") && reason.contains("later"), "{failed}");

        // Enough that cloning it takes a while.
        std::fs::create_dir(folder.join("later"))?;
        let mut noise = vec![0; 48 << 20];
        File::open("/dev/urandom")?.read_exact(&mut noise)?;
        std::fs::write(folder.join("later/noise"), noise)?;
        make_repository(&folder.join("later")).await?;
        api.post(&format!("/workspaces/{id}/refresh"), &Value::Null).await?;
        let ready = api.settled_workspace(&id).await?;
        ensure!(ready["state"]["state"] == "ready" && ready["commit"]["summary"] == "Second", "{ready}");
        let mut steps = Vec::new();
        loop {
            let event = events.next().await?;
            let state = &event["workspace"]["state"];
            match state["state"].as_str() {
                Some("cloning") => steps.push(text(&state["step"])?),
                Some("ready") => break,
                _ => {}
            }
        }
        ensure!(!steps.is_empty(), "no progress was told");
        api.create_session(&id).await.map(drop)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_clearly_and_loses_nothing() {
    let disk = match SmallDisk::mount() {
        Ok(disk) => disk,
        Err(error) => return skip("a full disk", &format!("{error:#}")),
    };
    let place = Place {
        folder: Some(disk.folder.path().to_owned()),
        // The whole disk is smaller than what a server wants to keep free.
        options: vec!["--sandbox-disk-floor-mib=0".to_owned()],
        ..Place::default()
    };
    rehearse_at(place, "a full disk", async |server: &mut Server, folder: &Path| -> Result<()> {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, "echo before").await?;
        api.idle(&session).await?;

        let filler = disk.fill()?;
        // The log of the database may have some room left in it, so one prompt may still be stored.
        let prompt = format!("echo accepted # {}", "x".repeat(500_000));
        let (mut accepted, mut refused) = (0, 0);
        for _ in 0..20 {
            let body = json!({ "prompt": prompt });
            let (status, answer) = api.send(Method::POST, &format!("/sessions/{session}/turns"), Some(&body)).await?;
            match status.as_u16() {
                201 => accepted += 1,
                503 if answer["detail"].as_str().is_some_and(|detail| detail.contains("database")) => refused += 1,
                other => anyhow::bail!("{other}: {answer}"),
            }
        }
        ensure!(refused > 0, "nothing was refused, {accepted} were accepted");
        let view = api.get(&format!("/sessions/{session}")).await?;
        ensure!(view["messages"][1]["parts"][0]["body"]["output"]["lines"][0] == "before", "reading fails: {view}");
        let page = reqwest::get(server.url(&format!("/projects/local/sessions/{session}"))).await?;
        ensure!(page.status().is_success(), "the page can't be shown: {}", page.status());

        std::fs::remove_file(filler)?;
        // Whatever gave up while there was no room is asked for again.
        api.submit(&session, "echo after").await?;
        api.idle(&session).await?;
        server.kill_and_restart().await?;
        let view = api.get(&format!("/sessions/{session}")).await?;
        let messages = view["messages"].as_array().context("no messages")?;
        let printed =
            |word: &str| messages.iter().filter(|m| m["parts"][0]["body"]["output"]["lines"][0] == word).count();
        ensure!(
            (printed("before"), printed("accepted"), printed("after")) == (1, accepted, 1),
            "of {accepted} accepted prompts {} ran, and {} after that",
            printed("accepted"),
            printed("after")
        );
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql_a_killed_server_goes_on_and_another_one_is_refused() {
    let Ok(admin) = std::env::var("OCTOBOT_TEST_POSTGRES_URL") else {
        return skip("a server on PostgreSQL", "OCTOBOT_TEST_POSTGRES_URL isn't set");
    };
    let name = format!("octobot_faults_{}", std::process::id());
    let (server, _) = admin.rsplit_once('/').expect("the URL names a database");
    let database = format!("{server}/{name}");
    psql(&admin, &format!("CREATE DATABASE {name}")).expect("a database can be made");
    let place = Place { database: Some(database), ..Place::default() };
    rehearse_at(place.clone(), "PostgreSQL", async |server: &mut Server, folder: &Path| -> Result<()> {
        make_repository(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, "for i in $(seq 1 300); do echo \"line $i\"; sleep 0.01; done").await?;
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            server.kill_and_restart().await?;
        }
        api.idle(&session).await?;
        let view = api.get(&format!("/sessions/{session}")).await?;
        let mut shown = api.output(&session, &text(&view["messages"][1]["parts"][0]["id"])?).await?;
        shown.truncate(300);
        ensure!(shown == (1..=300).map(|i| format!("line {i}")).collect::<Vec<_>>(), "the transcript has gaps");
        ensure!(Server::start_at(place.clone()).await.is_err(), "another server runs on the same database");
        Ok(())
    })
    .await;
    psql(&admin, &format!("DROP DATABASE {name} WITH (FORCE)")).expect("the database can be removed");
}

/// Runs a statement on a PostgreSQL server.
fn psql(url: &str, statement: &str) -> Result<()> {
    let status = std::process::Command::new("psql").args(["--quiet", "--no-psqlrc", "-c", statement, url]).status()?;
    ensure!(status.success(), "psql ended with {status}");
    Ok(())
}

/// A disk of 64 MiB in memory. It goes when it is dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut mount = std::process::Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=64m", "octobot-test"]).arg(folder.path()).output()?;
        ensure!(mounted.status.success(), "a disk can't be mounted: {}", String::from_utf8_lossy(&mounted.stderr));
        Ok(Self { folder })
    }

    /// Writes a file until nothing more fits.
    fn fill(&self) -> Result<PathBuf> {
        let path = self.folder.path().join("filler");
        let mut file = File::create(&path)?;
        for size in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        Ok(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A lazy unmount succeeds also where something still has a file open.
        let unmounted = std::process::Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the disk couldn't be unmounted");
    }
}

/// The events that the daemon of a session has logged.
fn daemon_log(server: &Server, session: &str) -> Result<Vec<Value>> {
    let events = server.sandbox_folder(session)?.join("events");
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
