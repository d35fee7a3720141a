//! What the contract needs to know of a provider beyond its trait, and the few steps that many tests begin with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use futures::StreamExt;
use octobot_server::sandbox::{Connection, DaemonClient, Limits, LogSink, Provider, SandboxError, SandboxSpec, Secret};
use octobot_wire::daemon::{DaemonEventBody, DeliverTurn};
use octobot_wire::launch::Launch;
use octobot_wire::message::ToolCallStatus;
use octobot_wire::{ProjectId, SessionId, TurnId};

/// A provider under test, and the view of its sandboxes from the host.
pub trait Bench: Send + Sync {
    /// The provider as a server has it that was just started: without a memory of earlier calls.
    fn provider(&self) -> Arc<dyn Provider>;

    /// Kills what keeps the session's sandbox alive, with SIGKILL, where there is anything.
    fn kill(&self, session: SessionId);

    /// How many sandboxes of this session run, by what the host sees of their processes.
    fn count(&self, session: SessionId) -> usize;

    /// Everything on the host that is there because of this session, in words: processes, mounts, folders, groups.
    fn traces(&self, session: SessionId) -> Vec<String>;

    /// Where the host keeps this session's home.
    fn home_on_host(&self, session: SessionId) -> PathBuf;

    /// What this script prints where there is nothing but what sandboxes are made of, an image for instance.
    fn bare(&self, script: &str) -> String;

    /// Whether sandboxes are bounded in memory here.
    fn bounds_memory(&self) -> bool;
}

/// A new session's id. No clock and no random bits of the kind that ids have are needed here.
pub fn session() -> SessionId {
    SessionId::new(uuid::Uuid::from_bytes(rand::random()))
}

/// Limits that no well-behaved test meets.
pub const ROOMY: Limits = Limits { pids: 512, memory_bytes: 1 << 30, cpu_millis: 2000 };

/// Starts a session's sandbox with limits of one's own.
pub async fn start_with(bench: &dyn Bench, session: SessionId, limits: Limits) -> DaemonClient {
    DaemonClient::new(connect_with(bench, session, limits).await)
}

/// Starts a session's sandbox.
pub async fn start(bench: &dyn Bench, session: SessionId) -> DaemonClient {
    start_with(bench, session, ROOMY).await
}

/// Starts a session's sandbox and gives its connection.
pub async fn connect_with(bench: &dyn Bench, session: SessionId, limits: Limits) -> Connection {
    let spec = spec(session, limits);
    bench.provider().start(&spec, &LogSink::discard()).await.expect("the sandbox should start")
}

/// Ends a test: whatever it has started goes.
pub async fn remove(bench: &dyn Bench, session: SessionId) {
    bench.provider().remove(session).await.expect("the sandbox should go");
}

/// Ends a bench: whatever its tests have left goes.
pub fn remove_all(provider: &dyn Provider) {
    let remove_all = async {
        for sandbox in provider.list().await? {
            provider.remove(sandbox.session).await?;
        }
        Ok::<_, SandboxError>(())
    };
    // The test's own runtime can't wait for anything any more.
    let removing = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(remove_all);
    let removed = std::thread::scope(|scope| scope.spawn(removing).join());
    if !std::thread::panicking() {
        removed.unwrap().unwrap();
    }
}

/// The agent's program: the one that was named, or a static one that is built once for each test process.
pub fn agent() -> PathBuf {
    static AGENT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "octobot-agent", "--target", &target])
            .status();
        assert!(built.expect("cargo should run").success(), "the agent can't be built");
        let beside = Path::new(env!("CARGO_BIN_EXE_octobot")).parent().and_then(Path::parent);
        beside.expect("programs are in a folder of the build's").join(target).join("debug/octobot-agent")
    };
    AGENT.get_or_init(|| std::env::var_os("OCTOBOT_AGENT").map_or_else(build, PathBuf::from)).clone()
}

/// What a script did.
#[derive(Debug)]
pub struct Outcome {
    /// What it printed.
    pub output: String,
    /// How it ended.
    pub status: ToolCallStatus,
}

impl Outcome {
    /// Whether it ended by itself, with 0.
    pub fn succeeded(&self) -> bool {
        matches!(self.status, ToolCallStatus::Exited { exit_code: 0, .. })
    }
}

/// A script as a turn of the shell.
pub fn turn(script: &str) -> DeliverTurn {
    DeliverTurn {
        turn_id: TurnId::new(uuid::Uuid::from_bytes(rand::random())),
        launch: Launch::Shell,
        setup_script: String::new(),
        is_held: false,
        prompt: script.to_owned(),
        files: Vec::new(),
    }
}

/// Runs a script as a turn of the shell, to its end.
pub async fn run(client: &DaemonClient, script: &str) -> Outcome {
    let after = client.health().await.expect("the daemon should answer").last_event;
    let request = turn(script);
    let turn = request.turn_id;
    client.deliver(&request).await.expect("the turn should be delivered");
    let events = client.events(after).await.expect("the log should open");
    let mut events = Box::pin(events);
    let (mut text, mut ended) = (String::new(), None);
    while let Some(batch) = events.next().await {
        for event in batch.expect("the log should be readable") {
            match event.body {
                DaemonEventBody::Output { turn_id, text: more, .. } if turn_id == turn => text.push_str(&more),
                DaemonEventBody::ToolCallEnded { turn_id, status, .. } if turn_id == turn => ended = Some(status),
                DaemonEventBody::TurnEnded { turn_id, outcome } if turn_id == turn => {
                    let status = ended.unwrap_or_else(|| panic!("no tool call ended: {outcome:?}"));
                    return Outcome { output: text, status };
                }
                _ => {}
            }
        }
    }
    panic!("the log ended before the turn; so far: {text}");
}

/// Says that a test didn't run. Fails where nothing may be skipped.
pub fn skipped(what: &str, why: &str) {
    assert!(std::env::var_os("OCTOBOT_TEST_STRICT").is_none_or(|strict| strict != "1"), "{what}: {why}");
    eprintln!("SKIPPED: {what}: {why}");
}

/// A sandbox that may reach nothing.
pub fn spec(session: SessionId, limits: Limits) -> SandboxSpec {
    let network = Secret::new("allowlist: {}".to_owned());
    SandboxSpec { session, project: ProjectId::local(), limits, network }
}

/// The proxy.
pub fn proxy() -> PathBuf {
    binary("OCTOBOT_PROXY", || Path::new(env!("CARGO_BIN_EXE_octobot")).with_file_name("octobot-proxy"))
}

/// A program that a variable names, or another one.
pub fn binary(variable: &str, otherwise: impl FnOnce() -> PathBuf) -> PathBuf {
    std::env::var_os(variable).map_or_else(otherwise, PathBuf::from)
}
