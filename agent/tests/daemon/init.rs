//! Process 1.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::sandbox::{AGENT, Sandbox, daemon_arguments, eventually, new_folder, processes_with, skip};

/// Runs a command as process 1 of a namespace; none where the kernel refuses one.
fn in_a_namespace(command: &[&str]) -> Option<Command> {
    let unshare = |command: &[&str]| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--user", "--pid", "--fork", "--kill-child", "--map-root-user", "--mount-proc"]).args(command);
        unshare
    };
    let refused = match unshare(&["true"]).output() {
        Ok(output) if output.status.success() => return Some(unshare(command)),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    skip("process 1 of a namespace", &refused);
    None
}

fn start_init(folder: &TempDir) -> Child {
    Command::new(AGENT).args(["init", "--"]).args(daemon_arguments(folder)).stdin(Stdio::null()).spawn().unwrap()
}

/// The number of zombies below process 1 of the namespace that a script runs in, once it has had orphans.
const COUNT_ZOMBIES: &str = r"
    for i in $(seq 1000); do (sleep 0.01 & :); done
    sleep 1.5
    cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | grep -c '^Z 1 '
    true
";

#[tokio::test]
async fn a_thousand_orphans_are_reaped() {
    let folder = new_folder();
    let arguments = daemon_arguments(&folder);
    let command =
        [&[AGENT, "init", "--"], arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat();
    let Some(mut init) = in_a_namespace(&command) else { return };
    let mut sandbox = Sandbox::listening(folder, init.spawn().unwrap()).await;
    // In the background, because what runs below a turn is reaped by the turn's root process as long as it lasts.
    let script = format!("({{ sleep 0.5\n{COUNT_ZOMBIES}}} >count.new; mv count.new count) &");
    sandbox.run(1, &script).await;
    let count = sandbox.path("home/workspace/count");
    let zombies = eventually("it counts", || std::fs::read_to_string(&count).ok()).await;
    assert_eq!(zombies.trim(), "0");

    // Process 1 of a namespace hears only what it listens to.
    let marker = format!("octobot-agent init -- --listen unix:{}", sandbox.path("socket").display());
    let unshare = i32::try_from(sandbox.daemon.id()).unwrap();
    let process_1 = processes_with(&marker).into_iter().find(|&pid| pid != unshare).and_then(Pid::from_raw);
    kill_process(process_1.unwrap(), Signal::TERM).unwrap();
    let status = eventually("it ends", || sandbox.daemon.try_wait().unwrap()).await;
    assert_eq!(status.code(), Some(0));
}

#[test]
fn without_reaping_a_thousand_orphans_become_zombies() {
    // A process 1 that reaps nothing; below it the same script as above.
    let process_1 = format!("sh -c '{}' & exec sleep 15", COUNT_ZOMBIES.replace('\'', r"'\''"));
    let Some(mut command) = in_a_namespace(&["sh", "-c", &process_1]) else { return };
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(line.trim(), "1000");
}

#[tokio::test]
async fn a_daemon_that_dies_is_started_again_within_a_second() {
    let folder = new_folder();
    let init = start_init(&folder);
    let sandbox = Sandbox::listening(folder, init).await;
    sandbox.run(1, "echo before").await;
    let daemon = daemon_of(&sandbox).await;
    kill_process(daemon, Signal::KILL).unwrap();
    let died = Instant::now();
    let socket = sandbox.path("socket");
    eventually("another one runs", || (daemon_now(&sandbox)? != daemon).then_some(())).await;
    eventually("it listens", || std::os::unix::net::UnixStream::connect(&socket).ok()).await;
    assert!(died.elapsed() < Duration::from_secs(1), "{:?}", died.elapsed());
    assert_eq!(sandbox.run(2, "echo after").await.output, "after\n");
    end(sandbox).await;
}

#[tokio::test]
async fn a_request_to_end_is_passed_on_and_leaves_nothing() {
    let folder = new_folder();
    let init = start_init(&folder);
    let sandbox = Sandbox::listening(folder, init).await;
    let nap = format!("sleep {}.7", 300_000 + std::process::id());
    sandbox.run(1, &format!("{nap} &")).await;
    assert_eq!(processes_with(&nap).len(), 1);
    end(sandbox).await;
    eventually("nothing is left", || processes_with(&nap).is_empty().then_some(())).await;
}

#[test]
fn a_daemon_that_cant_run_isnt_started_for_ever() {
    let folder = TempDir::new().unwrap();
    let began = Instant::now();
    let output = Command::new(AGENT).args(["init", "--"]).args(daemon_arguments(&folder)).output().unwrap();
    assert!(!output.status.success());
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(String::from_utf8_lossy(&output.stderr).contains("dies again and again"));
}

async fn daemon_of(sandbox: &Sandbox) -> Pid {
    eventually("the daemon runs", || daemon_now(sandbox)).await
}

fn daemon_now(sandbox: &Sandbox) -> Option<Pid> {
    let marker = format!("octobot-agent daemon --listen unix:{}", sandbox.path("socket").display());
    processes_with(&marker).first().copied().and_then(Pid::from_raw)
}

async fn end(mut sandbox: Sandbox) {
    assert_eq!(sandbox.terminate().await.code(), Some(0));
}
