//! `cargo xtask bench`: how fast the built server is, as ratios to something measured in the same run, or against a
//! limit. Prints one line for each figure and fails if one is missed.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::Server;
use octobot_end2end::api::{Api, Events, make_repository};
use serde_json::Value;

/// How many tabs watch one session.
const WATCHERS: usize = 1_000;

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

/// A row of the table: what was measured, and whether it is within its limit.
struct Table {
    missed: u32,
}

impl Table {
    fn row(&mut self, what: &str, measured: f64, unit: &str, limit: f64) {
        let verdict = if measured <= limit { "ok" } else { "MISSED" };
        self.missed += u32::from(measured > limit);
        println!("{what:<58} {measured:>10.2} {unit:<6} at most {limit:>8.1}  {verdict}");
    }

    fn at_least(&mut self, what: &str, measured: f64, unit: &str, limit: f64) {
        let verdict = if measured >= limit { "ok" } else { "MISSED" };
        self.missed += u32::from(measured < limit);
        println!("{what:<58} {measured:>10.0} {unit:<6} at least {limit:>7.0}  {verdict}");
    }
}

async fn measure() -> Result<u32> {
    let mut table = Table { missed: 0 };
    let folder = tempfile::tempdir()?;
    make_repository(folder.path()).await?;
    let mut server = Server::start().await?;
    start_up(&mut server, &mut table).await?;
    let api = Api::new(&server.url(""));
    table.row("idle server, resident", resident_mib(&server)?, "MiB", 60.0);
    let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
    session_start(&api, &workspace, &mut table).await?;
    let session = api.create_session(&workspace).await?;
    first_byte(&server, &api, &session, &mut table).await?;
    event_path(&api, &session, &mut table).await?;
    burst(&api, &session, &mut table).await?;
    watchers(&api, &session, &mut table).await?;
    server.end().await?;
    Ok(table.missed)
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
    table.row("kill and start to listening, median of 5", median(&mut times), "ms", 300.0);
    Ok(())
}

fn resident_mib(server: &Server) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id()?))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

/// From the request to a sandbox that is ready, against bubblewrap making the same namespaces, in turns.
async fn session_start(api: &Api, workspace: &str, table: &mut Table) -> Result<()> {
    let (mut sessions, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let begun = Instant::now();
        let session = api.create_session(workspace).await?;
        sessions.push(begun.elapsed().as_secs_f64() * 1e3);
        let build = api.get(&format!("/sessions/{session}")).await?;
        let created = stage_ms(&build).unwrap_or_default();
        bare.push(created);
    }
    println!(
        "{:<58} {:>10.2} ms     (whole, with git bundle and clone)",
        "session start, median of 5",
        median(&mut sessions)
    );
    let mut wrapped = Vec::new();
    for _ in 0..15 {
        let begun = Instant::now();
        let status = Command::new("bwrap")
            .args(["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"])
            .args(["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run"])
            .args(["--", "/bin/true"])
            .stdin(Stdio::null())
            .status()
            .context("bubblewrap isn't installed (apt-get install bubblewrap)")?;
        ensure!(status.success(), "bubblewrap failed: {status}");
        wrapped.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let (sandbox, bwrap) = (median(&mut bare), median(&mut wrapped));
    println!("{:<58} {bwrap:>10.2} ms", "bwrap with the same namespaces, median of 15");
    table.row("sandbox made and its daemon answering, to bwrap", sandbox / bwrap, "×", 2.0);
    Ok(())
}

/// How long the sandbox itself took: from the line that says that it is made to the next line.
fn stage_ms(view: &Value) -> Option<f64> {
    let log = view["log"].as_array()?;
    let made =
        log.iter().position(|line| line["text"].as_str().is_some_and(|t| t.starts_with("Making the sandbox")))?;
    let next =
        log[made + 1..].iter().find(|line| line["text"].as_str().is_some_and(|t| t.starts_with("Putting the code")))?;
    Some(next["at"].as_f64()? - log[made]["at"].as_f64()?)
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
    println!("{:<58} {:>10.2} ms", "session page: its store queries, mean of 100", queries * 1e3);
    table.row("session page: first byte, to its store queries", mean / queries, "×", 3.0);
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
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
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
    table.row("line printed in the sandbox to browser's socket, median", median(&mut delays), "ms", 5.0);
    println!("{:<58} {:>10.2} ms", "  99th percentile", delays[delays.len() * 99 / 100]);
    Ok(())
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
    table.at_least(&format!("{WATCHERS} watchers of one session, none losing an event"), rate, "/s", 0.0);
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
    tokio::time::timeout(Duration::from_secs(120), wait).await.context("the turn doesn't end")?
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
