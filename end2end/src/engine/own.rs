//! An engine of a test's own, which may be ended at any time: nobody else has containers there. Its network is its own
//! as well, so that it takes no other engine's bridge and packet filter for its own.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::{Engine, IMAGE};

/// Far more than an engine needs to start or to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often it is asked: it has no other way to say that it is ready.
const EVERY: Duration = Duration::from_millis(50);

/// See the module. It ends when it is dropped, and its containers with it.
#[derive(Debug)]
pub struct OwnEngine {
    folder: TempDir,
    process: Child,
    engine: Engine,
}

impl OwnEngine {
    /// Starts one that has the image for tests, from this machine's engine.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir().context("the engine's folder can't be made")?;
        let engine = Engine { address: format!("unix://{}/engine.sock", folder.path().display()) };
        let process = launch(folder.path(), &engine)?;
        let mut own = Self { folder, process, engine };
        own.await_ready().await?;
        let (from, to) = (Engine::of_machine().address, &own.engine.address);
        let copy = format!("docker --host {from} save {IMAGE} | docker --host {to} load --quiet");
        let status = Command::new("sh").args(["-c", &copy]).stdout(Stdio::null()).status()?;
        ensure!(status.success(), "the image {IMAGE} can't be copied");
        Ok(own)
    }

    /// The engine itself.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Ends the engine as an update of it would, which ends its containers, and starts it again.
    pub async fn restart(&mut self) -> Result<()> {
        self.end("-TERM")?;
        self.start_again().await
    }

    /// Kills the engine and starts it again. Its containers go on until it notices that it has lost them.
    pub async fn kill_and_restart(&mut self) -> Result<()> {
        self.end("-KILL")?;
        self.start_again().await
    }

    async fn start_again(&mut self) -> Result<()> {
        self.process = launch(self.folder.path(), &self.engine)?;
        self.await_ready().await
    }

    fn end(&mut self, signal: &str) -> Result<()> {
        let status = Command::new("kill").args([signal, &self.process.id().to_string()]).status()?;
        ensure!(status.success(), "the engine couldn't be told to end");
        self.process.wait().context("the engine can't be waited for")?;
        Ok(())
    }

    async fn await_ready(&mut self) -> Result<()> {
        let answers = async {
            while self.engine.lines(&["version"]).is_err() {
                let ended = self.process.try_wait()?;
                ensure!(ended.is_none(), "it ended: {}", self.last_lines());
                sleep(EVERY).await;
            }
            Ok(())
        };
        timeout(PATIENCE, answers).await.context("the engine doesn't answer")?
    }

    fn last_lines(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        log.lines().rev().take(3).collect::<Vec<_>>().join(" / ")
    }
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        // If it can't be told to end, it has ended already.
        let _gone = self.end("-TERM");
        // What a killed engine had mounted would keep its folder from being removed.
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let inside = |place: &&str| Path::new(place).starts_with(self.folder.path());
        for place in mounts.lines().filter_map(|line| line.split(' ').nth(1)).filter(inside) {
            let _gone = Command::new("umount").args(["--lazy", place]).status();
        }
    }
}

fn launch(folder: &Path, engine: &Engine) -> Result<Child> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log"))?;
    let inside = |name: &str| folder.join(name).display().to_string();
    // One that was killed has left the numbers of its processes. They would be waited for where nobody reaps orphans.
    for left in ["pid", "exec/containerd/containerd.pid"] {
        drop(std::fs::remove_file(folder.join(left)));
    }
    Command::new("unshare")
        .args(["--net", "--", "dockerd", "--host", &engine.address, "--log-level", "warn"])
        .args(["--data-root", &inside("data"), "--exec-root", &inside("exec"), "--pidfile", &inside("pid")])
        .args(["--iptables=false", "--ip-masq=false"])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("dockerd couldn't be started")
}
