//! `cargo xtask bench`: how fast the built server is, as ratios to something measured in the same run, or against a
//! limit. Prints one line for each figure and fails if one is missed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::Server;
use octobot_end2end::api::{Api, Events, make_repository};
use octobot_end2end::processes::{self, resident_mib};
use octobot_end2end::table::{Table, median};
use serde_json::Value;

mod containers;
mod tokens;

/// How many tabs watch one session.
const WATCHERS: usize = 1_000;

/// How many sessions are started.
const STARTS: usize = 15;

/// How many lines the burst prints.
const BURST_LINES: u64 = 200_000;

/// How many single lines are timed from the sandbox to the socket.
const TIMED_LINES: usize = 200;

fn main() -> Result<()> {
    println!("{}", machine()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let missed = runtime.block_on(measure())?;
    ensure!(missed == 0, "{missed} figures missed their limits");
    Ok(())
}

async fn measure() -> Result<u32> {
    let mut table = Table::default();
    let folder = tempfile::tempdir()?;
    make_repository(folder.path()).await?;
    let mut server = Server::start().await?;
    start_up(&mut server, &mut table).await?;
    let api = Api::new(&server.url(""));
    table.at_most("idle server, resident", resident_mib(server.id()?)?, "MiB", 60.0);
    let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
    session_start(&api, &workspace, &mut table).await?;
    let session = api.create_session(&workspace).await?;
    let daemon = processes::running(&session, &["octobot-agent", "daemon"])?;
    table.at_most("idle agent daemon, resident", resident_mib(*daemon.first().context("no daemon")?)?, "MiB", 10.0);
    first_byte(&server, &api, &session, &mut table).await?;
    event_path(&api, &session, &mut table).await?;
    burst(&api, &session, &mut table).await?;
    watchers(&api, &session, &mut table).await?;
    server.end().await?;
    tokens::measure(&mut table).await?;
    containers::measure(folder.path(), &mut table).await?;
    Ok(table.missed())
}

fn machine() -> Result<String> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo")?;
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default().trim_matches(['\t', ':', ' ']);
    let cores = std::thread::available_parallelism()?;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    Ok(format!("{model}, {cores} cores, Linux {}", kernel.trim()))
}

async fn start_up(server: &mut Server, table: &mut Table) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        server.kill_and_restart().await?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    table.at_most("kill and start to listening, median of 5", median(&mut times), "ms", 300.0);
    Ok(())
}

/// Sandboxes against bubblewrap, in turns: the namespaces alone, and up to an agent daemon that answers.
async fn session_start(api: &Api, workspace: &str, table: &mut Table) -> Result<()> {
    let (mut whole, mut made, mut ready) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bare, mut wrapped, mut wrapped_ready) = (Vec::new(), Vec::new(), Vec::new());
    let groups = Groups::make()?;
    for _ in 0..STARTS {
        quiet().await;
        let begun = Instant::now();
        let session = api.create_session(workspace).await?;
        whole.push(begun.elapsed().as_secs_f64() * 1e3);
        let view = api.get(&format!("/sessions/{session}")).await?;
        made.push(logged_ms(&view, "Making the sandbox", "The sandbox runs")?);
        ready.push(logged_ms(&view, "Making the sandbox", "Putting the code")?);
        bare.push(bubblewrap_ms(&Groups(Vec::new()))?);
        quiet().await;
        wrapped.push(bubblewrap_ms(&groups)?);
        quiet().await;
        wrapped_ready.push(bubblewrapped_daemon_ms(&groups)?);
    }
    let [whole, made, ready, bare, wrapped, wrapped_ready] =
        [whole, made, ready, bare, wrapped, wrapped_ready].map(|mut times| median(&mut times));
    table.note(&format!("session start with git bundle and clone, median of {STARTS}"), whole, "ms");
    table.note("  of that, the sandbox's namespaces", made, "ms");
    table.note("  bwrap with the same namespaces, without limits", bare, "ms");
    table.note("  bwrap with the same namespaces and control groups", wrapped, "ms");
    table.at_most("  ratio", made / wrapped, "×", 2.0);
    table.note("  of that, the sandbox with a daemon that answers", ready, "ms");
    table.note("  bwrap with the same, and the same daemon", wrapped_ready, "ms");
    table.at_most("  ratio", ready / wrapped_ready, "×", 2.0);
    Ok(())
}

/// Waits until nothing is left of the measurement before: a process that is moved into control groups soon after another
/// one finds the kernel's lock for that still taken on its behalf, and doesn't pay for it.
async fn quiet() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

/// The time between two lines of a session's log.
fn logged_ms(view: &Value, from: &str, to: &str) -> Result<f64> {
    let at = |start: &str| {
        let line =
            view["log"].as_array()?.iter().find(|line| line["text"].as_str().is_some_and(|t| t.starts_with(start)));
        line?["at"].as_f64()
    };
    Ok(at(to).context("a line is missing")? - at(from).context("a line is missing")?)
}

/// Control groups of the bench's own, of the same controllers as a sandbox has, where this process may make some. Moving a
/// process into one costs a grace period of the kernel under version 1, so that the peer has to pay for it as well.
struct Groups(Vec<PathBuf>);

impl Groups {
    fn make() -> Result<Self> {
        let own = std::fs::read_to_string("/proc/self/cgroup")?;
        let folders = own.lines().filter_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?.trim_start_matches('/'));
            let bounds = controllers.split(',').any(|one| ["pids", "memory", "cpu"].contains(&one));
            bounds.then(|| Path::new("/sys/fs/cgroup").join(controllers).join(path))
        });
        let groups = folders.map(|folder| folder.join(format!("octobot-bench-{}", std::process::id())));
        Ok(Self(groups.filter(|group| std::fs::create_dir(group).is_ok()).collect()))
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for group in &self.0 {
            // Whoever was in it has ended; if the kernel still says otherwise, an empty group harms nobody.
            drop(std::fs::remove_dir(group));
        }
    }
}

/// Bubblewrap with the namespaces, mounts and control groups of a sandbox.
fn bubblewrap(groups: &Groups) -> Command {
    let mut bwrap = Command::new("sh");
    let enter = r#"while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec bwrap "$@""#;
    bwrap
        .args(["-c", enter, "sh"])
        .args(&groups.0)
        .arg("--")
        .args([
            "--unshare-user",
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--unshare-net",
            "--unshare-cgroup-try",
        ])
        .args(["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run"])
        .stdin(Stdio::null());
    bwrap
}

fn bubblewrap_ms(groups: &Groups) -> Result<f64> {
    let begun = Instant::now();
    let status = bubblewrap(groups).args(["--", "/bin/true"]).status();
    ensure!(status.context("bubblewrap isn't installed (apt-get install bubblewrap)")?.success(), "bubblewrap failed");
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}

/// Until the daemon takes connections; it is looked for as often as a server looks.
fn bubblewrapped_daemon_ms(groups: &Groups) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("token"), "0".repeat(64))?;
    for name in ["data", "home", "home/workspace"] {
        std::fs::create_dir(folder.path().join(name))?;
    }
    let agent = octobot_end2end::server::program().with_file_name("octobot-agent");
    let begun = Instant::now();
    let mut daemon = bubblewrap(groups)
        .args(["--die-with-parent", "--bind"])
        .arg(folder.path())
        .args(["/tmp", "--ro-bind"])
        .arg(agent)
        .args(["/run/octobot-agent", "--", "/run/octobot-agent", "daemon", "--listen", "unix:/tmp/agent.sock"])
        .args(["--token-file", "/tmp/token", "--data", "/tmp/data", "--home", "/tmp/home"])
        .args(["--workspace", "/tmp/home/workspace"])
        .spawn()?;
    while std::os::unix::net::UnixStream::connect(folder.path().join("agent.sock")).is_err() {
        ensure!(daemon.try_wait()?.is_none(), "the daemon ended");
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = begun.elapsed().as_secs_f64() * 1e3;
    daemon.kill()?;
    daemon.wait()?;
    Ok(took)
}

/// The first byte of a session's page, against the time that the services took for it in the same requests.
async fn first_byte(server: &Server, api: &Api, session: &str, table: &mut Table) -> Result<()> {
    api.submit(session, "seq 1 200").await?;
    api.idle(session).await?;
    let http = reqwest::Client::new();
    let url = server.url(&format!("/projects/local/sessions/{session}"));
    for _ in 0..10 {
        http.get(&url).send().await?.bytes().await?;
    }
    let before = service_seconds(&http, server).await?;
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        let response = http.get(&url).send().await?;
        times.push(begun.elapsed().as_secs_f64());
        response.bytes().await?;
    }
    let queries = (service_seconds(&http, server).await? - before) / 100.0;
    let mean = times.iter().sum::<f64>() / 100.0;
    table.note("session page: its store queries, mean of 100", queries * 1e3, "ms");
    table.at_most("session page: first byte, to its store queries", mean / queries, "×", 3.0);
    Ok(())
}

/// The time that all services together have taken so far, from the metrics.
async fn service_seconds(http: &reqwest::Client, server: &Server) -> Result<f64> {
    let metrics = http.get(server.url("/metrics")).send().await?.text().await?;
    let sums = metrics.lines().filter(|line| line.starts_with("octobot_service_seconds_sum"));
    Ok(sums.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
}

/// From a line printed in the sandbox to its arrival on a socket. The printed time is taken before the line is.
async fn event_path(api: &Api, session: &str, table: &mut Table) -> Result<()> {
    let mut events = api.events(&format!("session={session}")).await?;
    let script = format!("for i in $(seq {TIMED_LINES}); do echo $EPOCHREALTIME; read -t 0.03 <> <(:) || :; done");
    api.submit(session, &script).await?;
    let mut delays = Vec::new();
    loop {
        let event = events.next().await?;
        let now = wall_clock()?;
        match event["type"].as_str() {
            Some("output") => {
                let lines = event["lines"].as_array().into_iter().flatten().filter_map(Value::as_str);
                // The last line is an empty one that has just begun.
                let printed = lines.filter_map(|line| line.parse::<f64>().ok()).next_back();
                delays.extend(printed.map(|printed| (now - printed) * 1e3));
            }
            Some("turn") if event["turn"]["state"]["state"] == "completed" => break,
            _ => {}
        }
    }
    ensure!(delays.len() > TIMED_LINES / 2, "only {} lines arrived", delays.len());
    table.at_most("line printed in the sandbox to browser's socket, median", median(&mut delays), "ms", 5.0);
    table.note("  99th percentile", delays[delays.len() * 99 / 100], "ms");
    Ok(())
}

/// The time of the clock that sandboxes print, in seconds.
#[expect(clippy::disallowed_methods, reason = "what is printed in a sandbox is compared with it")]
fn wall_clock() -> Result<f64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64())
}

/// As fast as a script can print, to the end of the turn in the transcript.
async fn burst(api: &Api, session: &str, table: &mut Table) -> Result<()> {
    let mut events = api.events(&format!("session={session}")).await?;
    let begun = Instant::now();
    api.submit(session, &format!("seq 1 {BURST_LINES}")).await?;
    turn_end(&mut events).await?;
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    let rate = BURST_LINES as f64 / begun.elapsed().as_secs_f64();
    table.at_least("lines of one session, sandbox to socket", rate, "/s", 5_000.0);
    Ok(())
}

/// Many tabs on one session: each hears every event.
async fn watchers(api: &Api, session: &str, table: &mut Table) -> Result<()> {
    let view = api.get(&format!("/sessions/{session}")).await?;
    let first = view["asOf"].as_u64().context("no event number")?;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..WATCHERS {
        let mut events = api.events(&format!("after={first}&session={session}")).await?;
        tasks.spawn(async move {
            let mut expected = first;
            loop {
                let event = events.next().await?;
                expected += 1;
                ensure!(event["number"] == expected, "event {expected} is missing");
                if event["type"] == "turn" && event["turn"]["state"]["state"] == "completed" {
                    return Ok(expected - first);
                }
            }
        });
    }
    let begun = Instant::now();
    api.submit(session, "for i in $(seq 500); do echo $i; read -t 0.005 <> <(:) || :; done").await?;
    let mut heard = 0;
    while let Some(watcher) = tasks.join_next().await {
        heard += watcher??;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = heard as f64 / begun.elapsed().as_secs_f64();
    table.note(&format!("deliveries to {WATCHERS} watchers of one session, none losing any"), rate, "/s");
    Ok(())
}

async fn turn_end(events: &mut Events) -> Result<()> {
    let wait = async {
        loop {
            let event = events.next().await?;
            if event["type"] == "turn" && event["turn"]["state"]["state"] == "completed" {
                return Ok(());
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(2), wait).await.context("the turn doesn't end")?
}
