//! A daemon in a temporary folder, and a small client of its API.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use octobot_wire::TurnId;
use octobot_wire::daemon::{DaemonEvent, DaemonEventBody, DeliverTurn, Health, TurnOutcome};
use octobot_wire::launch::Launch;
use octobot_wire::message::ToolCallStatus;
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};

/// The binary under test.
pub const AGENT: &str = env!("CARGO_BIN_EXE_octobot-agent");

/// The token of every sandbox here.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Nothing in these tests takes longer, on a busy machine either.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A daemon and its folders. Dropping it kills the daemon.
pub struct Sandbox {
    pub folder: TempDir,
    pub daemon: Child,
    serial: u32,
}

/// What a turn left.
#[derive(Debug)]
pub struct Ran {
    pub outcome: TurnOutcome,
    /// How its last tool call ended.
    pub status: ToolCallStatus,
    /// What its last tool call printed.
    pub output: String,
}

impl Ran {
    /// The exit status of the last tool call.
    pub fn exit_code(&self) -> u8 {
        match self.status {
            ToolCallStatus::Exited { exit_code, .. } => exit_code,
            other => panic!("it didn't exit: {other:?}"),
        }
    }
}

impl Sandbox {
    /// A daemon, or what has it as its child, that has been started in a folder.
    pub async fn listening(folder: TempDir, daemon: Child) -> Self {
        static SANDBOXES: AtomicU32 = AtomicU32::new(0);
        let sandbox = Self { folder, daemon, serial: SANDBOXES.fetch_add(1, Ordering::Relaxed) };
        sandbox.await_listening().await;
        sandbox
    }

    /// The id of the turn with this number. No other sandbox has it: processes are found by it.
    pub fn turn_id(&self, number: u32) -> TurnId {
        format!("{:08x}-{:04x}-7000-8000-{number:012}", std::process::id(), self.serial).parse().unwrap()
    }

    /// Starts a daemon.
    pub async fn start() -> Self {
        Self::start_with_path(&std::env::var("PATH").unwrap()).await
    }

    /// Starts a daemon with a search path.
    pub async fn start_with_path(path: &str) -> Self {
        let folder = new_folder();
        let daemon = spawn_daemon(&folder, path);
        Self::listening(folder, daemon).await
    }

    /// Kills the daemon as a crash would, and starts it again.
    pub async fn crash(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
        self.start_again().await;
    }

    /// Starts a daemon after the former one has ended.
    pub async fn start_again(&mut self) {
        // A process that the former one was about to start may hold its socket for a moment more.
        std::fs::remove_file(self.path("socket")).unwrap_or_default();
        self.daemon = spawn_daemon(&self.folder, &std::env::var("PATH").unwrap());
        self.await_listening().await;
    }

    /// Asks the daemon to end, and waits until it has.
    pub async fn terminate(&mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.daemon), Signal::TERM).unwrap();
        eventually("the daemon ends", || self.daemon.try_wait().unwrap()).await
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn await_listening(&self) {
        let socket = self.path("socket");
        eventually("the daemon listens", || std::os::unix::net::UnixStream::connect(&socket).ok()).await;
    }

    /// Sends a request, with the token.
    pub async fn send(&self, method: &str, path: &str, body: Vec<u8>) -> Response<Incoming> {
        self.send_as(Some(&format!("Bearer {TOKEN}")), method, path, body).await
    }

    /// Sends a request with any authorization.
    pub async fn send_as(
        &self,
        authorization: Option<&str>,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Response<Incoming> {
        let authorization = authorization.map(|value| ("authorization", value));
        self.send_with(authorization.as_slice(), method, path, body).await
    }

    /// Sends a request with the token and another header.
    pub async fn send_if(&self, header: (&str, &str), method: &str, path: &str, body: Vec<u8>) -> Response<Incoming> {
        self.send_with(&[("authorization", &format!("Bearer {TOKEN}")), header], method, path, body).await
    }

    async fn send_with(&self, headers: &[(&str, &str)], method: &str, path: &str, body: Vec<u8>) -> Response<Incoming> {
        let stream = UnixStream::connect(self.path("socket")).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", "daemon");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header("content-type", "application/json").body(Full::new(Bytes::from(body))).unwrap();
        timeout(PATIENCE, sender.send_request(request)).await.expect("the daemon answers").unwrap()
    }

    /// Sends a request and reads the answer.
    pub async fn ask<T: DeserializeOwned>(&self, method: &str, path: &str, body: &impl Serialize) -> (StatusCode, T) {
        read(self.send(method, path, serde_json::to_vec(body).unwrap()).await).await
    }

    pub async fn health(&self) -> Health {
        self.ask("GET", "/health", &()).await.1
    }

    /// Delivers a turn.
    pub async fn deliver(&self, number: u32, setup_script: &str, prompt: &str) -> (StatusCode, serde_json::Value) {
        self.ask("POST", "/turns", &self.turn(number, setup_script, prompt)).await
    }

    /// Delivers a turn whose prompt is held after the setup script.
    pub async fn hold(&self, number: u32, setup_script: &str, prompt: &str) {
        let turn = DeliverTurn { is_held: true, ..self.turn(number, setup_script, prompt) };
        let _: (StatusCode, serde_json::Value) = self.ask("POST", "/turns", &turn).await;
    }

    pub async fn proceed(&self, number: u32) -> StatusCode {
        self.send("POST", &format!("/turns/{}/proceed", self.turn_id(number)), Vec::new()).await.status()
    }

    fn turn(&self, number: u32, setup_script: &str, prompt: &str) -> DeliverTurn {
        DeliverTurn {
            turn_id: self.turn_id(number),
            launch: Launch::Shell,
            setup_script: setup_script.to_owned(),
            is_held: false,
            prompt: prompt.to_owned(),
            files: Vec::new(),
        }
    }

    pub async fn cancel(&self, number: u32) -> StatusCode {
        self.send("POST", &format!("/turns/{}/cancel", self.turn_id(number)), Vec::new()).await.status()
    }

    /// Follows the events after a number.
    pub async fn follow(&self, after: u64) -> Follower {
        let response = self.send("GET", &format!("/events?after={after}"), Vec::new()).await;
        assert_eq!(response.status(), StatusCode::OK);
        Follower { body: response.into_body(), bytes: Vec::new() }
    }

    /// All events that are in the log now.
    pub async fn events(&self) -> Vec<DaemonEvent> {
        let last = self.health().await.last_event;
        let mut follower = self.follow(0).await;
        let mut events = Vec::new();
        for _ in 0..last {
            events.push(follower.next().await.expect("the log is open"));
        }
        events
    }

    /// Runs a prompt to its end.
    pub async fn run(&self, number: u32, prompt: &str) -> Ran {
        let mut events = self.follow(self.health().await.last_event).await;
        let (status, answer) = self.deliver(number, "", prompt).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        events.ran().await
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill, but still something to reap.
        let _ended = self.daemon.kill();
        self.daemon.wait().unwrap();
    }
}

fn spawn_daemon(folder: &TempDir, path: &str) -> Child {
    let mut command = Command::new(AGENT);
    command.arg("daemon").args(daemon_arguments(folder)).env("PATH", path).env("SECRET_OF_THE_DAEMON", "x");
    command.stdin(Stdio::null()).spawn().unwrap()
}

/// A folder with a token.
pub fn new_folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("token"), TOKEN).unwrap();
    folder
}

/// The arguments of a daemon in a folder.
pub fn daemon_arguments(folder: &TempDir) -> Vec<String> {
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let listen = format!("unix:{}", path("socket"));
    std::fs::create_dir_all(path("home")).unwrap();
    [
        ["--listen".to_owned(), listen],
        ["--token-file".to_owned(), path("token")],
        ["--data".to_owned(), path("data")],
        ["--workspace".to_owned(), path("home/workspace")],
        ["--home".to_owned(), path("home")],
        ["--user".to_owned(), "octobot".to_owned()],
    ]
    .concat()
}

/// Reads an answer.
pub async fn read<T: DeserializeOwned>(response: Response<Incoming>) -> (StatusCode, T) {
    let status = response.status();
    let body = timeout(PATIENCE, response.into_body().collect()).await.expect("the answer ends").unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {body:?}")))
}

/// A stream of events.
pub struct Follower {
    body: Incoming,
    bytes: Vec<u8>,
}

impl Follower {
    /// The next event; none when the daemon has ended the stream.
    pub async fn next(&mut self) -> Option<DaemonEvent> {
        loop {
            if let Some(end) = self.bytes.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.bytes.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.expect("an event comes")?;
            // A daemon that is killed breaks the stream off.
            self.bytes.extend_from_slice(frame.ok()?.data_ref().expect("a stream of events has no trailers"));
        }
    }

    /// Waits for output that holds a text.
    pub async fn printed(&mut self, expected: &str) {
        let mut text = String::new();
        while !text.contains(expected) {
            let event = self.next().await.expect("the daemon runs");
            match event.body {
                DaemonEventBody::Output { text: more, .. } => text.push_str(&more),
                DaemonEventBody::TurnEnded { .. } => panic!("the turn ended without {expected}: {text}"),
                _ => {}
            }
        }
    }

    /// Follows a turn to its end.
    pub async fn ran(&mut self) -> Ran {
        let mut ran = (String::new(), None);
        loop {
            match self.next().await.expect("the daemon runs").body {
                DaemonEventBody::ToolCallStarted { .. } => ran = (String::new(), None),
                DaemonEventBody::Output { text, .. } => ran.0.push_str(&text),
                DaemonEventBody::ToolCallEnded { status, .. } => ran.1 = Some(status),
                DaemonEventBody::TurnEnded { outcome, .. } => {
                    let status = ran.1.expect("a tool call ends before its turn");
                    return Ran { outcome, status, output: ran.0 };
                }
                _ => {}
            }
        }
    }
}

/// Waits until something can be seen from outside for which there is no event.
pub async fn eventually<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    eventually_async(what, || std::future::ready(seen())).await
}

/// The same for what has to be asked for.
pub async fn eventually_async<T, F: Future<Output = Option<T>>>(what: &str, mut seen: impl FnMut() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(seen) = seen().await {
            return seen;
        }
        assert!(started.elapsed() < PATIENCE, "{what}: never");
        sleep(Duration::from_millis(5)).await;
    }
}

/// The processes whose command line holds a text, zombies not among them.
pub fn processes_with(text: &str) -> Vec<i32> {
    let pids =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    pids.filter(|pid| {
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).replace('\0', " ").contains(text)
    })
    .collect()
}

/// Says that a test needs what the machine lacks; fails where nothing may be skipped.
pub fn skip(what: &str, why: &str) {
    eprintln!("SKIPPED: {what}: {why}");
    assert!(std::env::var_os("OCTOBOT_TEST_STRICT").is_none_or(|strict| strict != "1"), "{what} may not be skipped");
}
