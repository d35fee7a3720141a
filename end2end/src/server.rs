//! The server of a test: the built program, with a data folder of its own, on a free port.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::origin;

/// What a server prints when it takes requests, before the address.
const READY: &str = "Octobot listens on ";

/// Far more than a server needs on a busy machine; a test that hangs should say where.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a server keeps things.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The folder to make the data folder in, unless among the other temporary ones.
    pub folder: Option<PathBuf>,
    /// The database, unless it is SQLite in the data folder.
    pub database: Option<String>,
    /// Further options.
    pub options: Vec<String>,
    /// Variables of its environment.
    pub variables: Vec<(&'static str, String)>,
    /// What sandboxes' proxies are told, unless it is that they let through what [`origin`] has.
    pub sandbox_proxy: Option<String>,
}

/// A running server. It is killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    address: String,
    data: TempDir,
    place: Place,
    said: Arc<Mutex<String>>,
}

/// The server's program: in the folder that `OCTOBOT_DIST` names, else where a debug build puts it.
pub fn program() -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/octobot/debug");
    std::env::var_os("OCTOBOT_DIST").map_or_else(built, PathBuf::from).join("octobot")
}

impl Server {
    /// Starts a server with empty data.
    pub async fn start() -> Result<Self> {
        Self::start_at(Place::default()).await
    }

    /// Starts a server with empty data in a place.
    pub async fn start_at(place: Place) -> Result<Self> {
        let folder = place.folder.clone().unwrap_or_else(std::env::temp_dir);
        let data = TempDir::new_in(folder).context("the data folder couldn't be made")?;
        let said = Arc::default();
        let (process, address) = launch("127.0.0.1:0", data.path(), &place, &said).await?;
        Ok(Self { process, address, data, place, said })
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// The server's process.
    pub fn id(&self) -> Result<u32> {
        self.process.id().context("the server has ended by itself")
    }

    /// All that it has printed.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The folder with the server's data.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// What the provider `local` has of a session's sandbox.
    pub fn sandbox_folder(&self, session: &str) -> Result<PathBuf> {
        let installations = std::fs::read_dir(self.data().join("sandboxes"))?;
        let mut folders = installations.filter_map(|entry| Some(entry.ok()?.path().join(session)));
        folders.find(|folder| folder.exists()).context("the session has no folder")
    }

    /// Kills the server as a power cut would, and starts it again on the same data and port.
    pub async fn kill_and_restart(&mut self) -> Result<()> {
        self.process.kill().await.context("the server couldn't be killed")?;
        let listen = self.address.trim_start_matches("http://").to_owned();
        (self.process, self.address) = launch(&listen, self.data.path(), &self.place, &self.said).await?;
        Ok(())
    }

    /// Deletes every session, because sandboxes outlive the server; then asks it to end, and fails if it doesn't end
    /// well.
    pub async fn end(mut self) -> Result<()> {
        crate::api::Api::new(&self.address).delete_sessions().await?;
        let id = self.id()?;
        let asked = Command::new("kill").arg(id.to_string()).status().await?;
        anyhow::ensure!(asked.success(), "the server couldn't be asked to end");
        let status = timeout(PATIENCE, self.process.wait()).await.context("the server doesn't end")??;
        anyhow::ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

async fn launch(listen: &str, data: &Path, place: &Place, said: &Arc<Mutex<String>>) -> Result<(Child, String)> {
    let program = program();
    let policy = data.join("sandbox-proxy.yaml");
    std::fs::write(&policy, place.sandbox_proxy.as_deref().unwrap_or(origin::POLICY))?;
    let mut process = Command::new(&program)
        .args(["--listen", listen, "--data-dir"])
        .arg(data)
        .arg("--runtime-dir")
        .arg(data.join("runtime"))
        .arg("--sandbox-proxy-config")
        .arg(policy)
        .env_remove("DATABASE_URL")
        // What a machine happens to have must not decide what is tested.
        .env("SANDBOX_PROVIDER", "local")
        .args(place.database.as_ref().map(|url| format!("--database-url={url}")))
        .args(&place.options)
        .envs(place.variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} couldn't be started", program.display()))?;
    let mut lines = BufReader::new(process.stdout.take().expect("standard output is piped")).lines();
    let mut log = BufReader::new(process.stderr.take().expect("standard error is piped")).lines();
    let said = said.clone();
    // Read on, or the server would stop at a full pipe.
    tokio::spawn(async move {
        while let Ok(Some(line)) = log.next_line().await {
            eprintln!("{line}");
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.push_str(&line);
            said.push('\n');
        }
    });
    let address = timeout(PATIENCE, ready(&mut lines)).await.context("the server doesn't get ready")??;
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            println!("{line}");
        }
    });
    Ok((process, address))
}

async fn ready(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<String> {
    while let Some(line) = lines.next_line().await? {
        if let Some(address) = line.strip_prefix(READY) {
            return Ok(address.trim_end_matches('/').to_owned());
        }
    }
    bail!("the server has ended before it listened")
}
