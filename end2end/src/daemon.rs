//! The agent daemon of a test, without a server: the built program in a folder of its own, driven over its socket.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use octobot_wire::TurnId;
use octobot_wire::daemon::{DaemonEvent, DaemonEventBody, DeliverTurn, Health, TurnOutcome};
use octobot_wire::launch::{AcpLaunch, Launch};
use octobot_wire::permission::{AnswerPermission, PermissionAnswered, PermissionOption, PermissionState};
use reqwest::{Client, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// Far more than anything here takes on a busy machine; a test that hangs should say where.
const PATIENCE: Duration = Duration::from_mins(2);

/// The token of every sandbox here.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A running daemon. It is killed when it is dropped.
#[derive(Debug)]
pub struct Daemon {
    process: Child,
    folder: TempDir,
    path: String,
    http: Client,
    serial: u32,
}

/// The daemon's program, which stands beside the server's.
pub fn program() -> PathBuf {
    crate::server::program().with_file_name("octobot-agent")
}

impl Daemon {
    /// Starts a daemon whose search path begins with a folder.
    pub async fn start(programs: &Path) -> Result<Self> {
        static DAEMONS: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::tempdir().context("the sandbox's folder can't be made")?;
        std::fs::write(folder.path().join("token"), TOKEN)?;
        std::fs::create_dir_all(folder.path().join("home/workspace"))?;
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        let http = Client::builder().unix_socket(folder.path().join("socket")).build()?;
        let process = launch(folder.path(), &path)?;
        let daemon = Self { process, folder, path, http, serial: DAEMONS.fetch_add(1, Ordering::Relaxed) };
        daemon.await_listening().await?;
        Ok(daemon)
    }

    /// The folder that the code is in.
    pub fn workspace(&self) -> PathBuf {
        self.folder.path().join("home/workspace")
    }

    /// Kills the daemon as a crash would, and starts it again.
    pub async fn kill_and_restart(&mut self) -> Result<()> {
        self.process.kill().await.context("the daemon can't be killed")?;
        self.process = launch(self.folder.path(), &self.path)?;
        self.await_listening().await
    }

    async fn await_listening(&self) -> Result<()> {
        let listening = async {
            while self.health().await.is_err() {
                // There is no event for a socket that is bound by somebody else.
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, listening).await.context("the daemon doesn't listen")
    }

    /// Where the daemon stands.
    pub async fn health(&self) -> Result<Health> {
        let response = self.http.get("http://daemon/health").bearer_auth(TOKEN).send().await?;
        Ok(serde_json::from_str(&response.text().await?)?)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        let request = self.http.post(format!("http://daemon{path}")).bearer_auth(TOKEN);
        let request = request.header("content-type", "application/json").body(serde_json::to_string(body)?);
        let response = request.send().await?;
        let (status, text) = (response.status(), response.text().await?);
        ensure!(status.is_success(), "POST {path}: {status}: {text}");
        serde_json::from_str(if text.is_empty() { "null" } else { &text }).context(text)
    }

    /// Gives a prompt, and follows what comes of it.
    pub async fn prompt(&self, number: u32, launch: &AcpLaunch, prompt: &str) -> Result<Turn<'_>> {
        let after = self.health().await?.last_event;
        let turn = DeliverTurn {
            turn_id: self.turn_id(number)?,
            launch: Launch::Acp(Box::new(launch.clone())),
            setup_script: String::new(),
            is_held: false,
            prompt: prompt.to_owned(),
            files: Vec::new(),
        };
        let _: serde_json::Value = self.post("/turns", &turn).await?;
        let url = format!("http://daemon/events?after={after}");
        let response = self.http.get(url).bearer_auth(TOKEN).send().await?;
        Ok(Turn { daemon: self, id: turn.turn_id, response, unread: Vec::new(), events: Vec::new() })
    }

    /// The id of the turn with this number. No other sandbox has it: processes are found by it.
    fn turn_id(&self, number: u32) -> Result<TurnId> {
        Ok(format!("{:08x}-{:04x}-7000-8000-{number:012}", std::process::id(), self.serial).parse()?)
    }

    /// All events of the log, in order.
    pub fn log(&self) -> Result<Vec<DaemonEvent>> {
        let log = std::fs::read_to_string(self.folder.path().join("data/events.ndjson"))?;
        log.lines().map(|line| serde_json::from_str(line).context(line.to_owned())).collect()
    }
}

fn launch(folder: &Path, path: &str) -> Result<Child> {
    let inside = |name: &str| folder.join(name).display().to_string();
    let program = program();
    Command::new(&program)
        .args(["daemon", "--listen", &format!("unix:{}", inside("socket"))])
        .args(["--token-file", &inside("token"), "--data", &inside("data")])
        .args(["--workspace", &inside("home/workspace"), "--home", &inside("home"), "--user", "octobot"])
        .env("PATH", path)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} couldn't be started", program.display()))
}

/// A turn that is followed.
#[derive(Debug)]
pub struct Turn<'a> {
    daemon: &'a Daemon,
    id: TurnId,
    response: Response,
    unread: Vec<u8>,
    /// What it has told so far.
    pub events: Vec<DaemonEventBody>,
}

/// A permission that is asked for.
#[derive(Debug)]
pub struct Asked {
    /// Its part.
    pub part: u32,
    /// What the agent wants to do.
    pub title: String,
    /// The possible answers.
    pub options: Vec<PermissionOption>,
}

impl Turn<'_> {
    async fn next(&mut self) -> Result<DaemonEventBody> {
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                let event: DaemonEvent = serde_json::from_slice(&line)?;
                self.events.push(event.body.clone());
                return Ok(event.body);
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.context("no event comes")??;
            self.unread.extend_from_slice(&chunk.context("the stream of events has ended")?);
        }
    }

    /// Waits for a request for permission, or the end of the turn.
    pub async fn asked_or_ended(&mut self) -> Result<Result<Asked, TurnOutcome>> {
        loop {
            match self.next().await? {
                DaemonEventBody::PermissionRequested { part, title, options, .. } => {
                    return Ok(Ok(Asked { part, title, options }));
                }
                DaemonEventBody::TurnEnded { outcome, .. } => return Ok(Err(outcome)),
                _ => {}
            }
        }
    }

    /// Waits for a request for permission.
    pub async fn asked(&mut self) -> Result<Asked> {
        match self.asked_or_ended().await? {
            Ok(asked) => Ok(asked),
            Err(outcome) => bail!("the turn ended: {outcome:?}: {:#?}", self.events),
        }
    }

    /// Answers a permission.
    pub async fn answer(&self, part: u32, option: &str) -> Result<PermissionState> {
        let path = format!("/turns/{}/permissions/{part}", self.id);
        let answer = AnswerPermission { option: option.to_owned(), values: Vec::new() };
        Ok(self.daemon.post::<PermissionAnswered>(&path, &answer).await?.state)
    }

    /// Stops the turn.
    pub async fn cancel(&self) -> Result<()> {
        self.daemon.post(&format!("/turns/{}/cancel", self.id), &()).await
    }

    /// Waits until the agent has said something.
    pub async fn said(&mut self, expected: &str) -> Result<()> {
        while !self.text().contains(expected) {
            if let DaemonEventBody::TurnEnded { outcome, .. } = self.next().await? {
                bail!("the turn ended: {outcome:?}: {:#?}", self.events);
            }
        }
        Ok(())
    }

    /// Follows the turn to its end.
    pub async fn end(&mut self) -> Result<TurnOutcome> {
        loop {
            if let DaemonEventBody::TurnEnded { outcome, .. } = self.next().await? {
                return Ok(outcome);
            }
        }
    }

    /// All that the agent has said.
    pub fn text(&self) -> String {
        let text = |event: &DaemonEventBody| match event {
            DaemonEventBody::Text { text, .. } => Some(text.clone()),
            _ => None,
        };
        self.events.iter().filter_map(text).collect()
    }
}
