//! The `local` provider: sandboxes made of Linux namespaces, without an engine.
//!
//! A sandbox is a folder on the host and, while it runs, two processes: the supervisor, which is this program executed
//! anew, and process 1 in user, mount, pid, ipc, uts and cgroup namespaces. Which sandbox runs is answered by the lock that
//! its supervisor holds, never by a file that a crash could leave behind. Stopping is durable as well: the supervisor is
//! asked, and sees to it by itself. Where something ends all of a service's processes together with the server, as
//! systemd does unless told `KillMode=process`, the sandboxes end too and start again on demand.
//!
//! The network is the sandbox's own and leads nowhere but to its proxy, which runs outside: a process that is the supervisor's, with the
//! rights of the server. The space that a sandbox takes on the disk isn't bounded.
//!
//! The layer is thin and our own. The crates that wrap namespaces spawn children that end with their parent and that have one
//! user; these sandboxes outlive the server, and a server that is root gives each of them users of its own. The mount
//! calls used need Linux 5.12: with them a tree is copied and made read-only before it is placed, as a whole.
//!
//! All `unsafe` code is in `sys`.

mod baggage;
mod cgroup;
mod diagnosis;
mod folder;
mod identity;
mod inside;
mod launch;
mod lock;
mod outlet;
mod protocol;
mod removal;
mod root;
mod state;
mod supervisor;
mod sys;

use std::env;
use std::io;
use std::path::PathBuf;
use std::process;
use std::time::Duration;

use futures::future::BoxFuture;
use octobot_wire::SessionId;
use octobot_wire::project::SandboxSupport;
use octobot_wire::session::{Isolation, Network};
use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use self::diagnosis::{Host, diagnose};
use self::folder::SessionFolder;
pub(super) use self::lock::Holder;
use self::protocol::{Order, Plan, ProxyPlan, Report};
use self::state::{State, clear_leftovers};
use super::network::RuntimeFolder;
use super::turnstile::Turnstile;
use super::{
    Connection, DaemonClient, DaemonError, Endpoint, Limits, LogSink, Provider, Room, SandboxError, SandboxLog,
    SandboxSpec, SandboxStatus, Secret,
};

/// The hidden command that makes the server's program a supervisor.
const SUPERVISOR_COMMAND: &str = "sandbox-supervisor";

/// How long the daemon may take to answer for the first time.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// The pause between two attempts to reach a daemon that starts. It starts in some 10 ms.
const READY_RETRY: Duration = Duration::from_millis(1);

/// How long a supervisor may take to stop its sandbox: more than the 11 s after which it kills process 1 itself.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// How long to wait for a sandbox that ends before looking again.
const ENDING_PAUSE: Duration = Duration::from_millis(200);

/// How long SIGKILL may take.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// Becomes a supervisor and never returns if this program was executed as one. The very first thing that `main` does,
/// while there is one thread.
pub fn supervise_if_asked() {
    if env::args_os().nth(1).is_none_or(|command| command != SUPERVISOR_COMMAND) {
        return;
    }
    let outcome = supervisor::run();
    if let Err(error) = &outcome {
        eprintln!("the sandbox supervisor failed: {error}");
    }
    process::exit(i32::from(outcome.is_err()))
}

/// Where the provider finds things. All paths are absolute.
#[derive(Debug, Clone)]
pub struct LocalConfig {
    /// The server's own program, which is executed as the supervisor.
    pub supervisor: PathBuf,
    /// The `octobot-agent` binary.
    pub agent: PathBuf,
    /// The `octobot-proxy` binary.
    pub proxy: PathBuf,
    /// The folder with one folder for each session.
    pub root: PathBuf,
    /// Where the configurations of running proxies are.
    pub runtime: RuntimeFolder,
    /// The folder of the cache that all proxies share.
    pub cache: PathBuf,
    /// Folders outside the system directories that sandboxes may read, a Node or a cargo in a home for instance. Each
    /// is at the same path inside, and its `bin` is searched for programs.
    pub tool_dirs: Vec<PathBuf>,
}

/// Makes sandboxes of namespaces on this machine.
#[derive(Debug)]
pub struct LocalProvider {
    config: LocalConfig,
    turnstile: Turnstile,
}

impl LocalProvider {
    /// A provider. Nothing is made or looked at yet.
    pub fn new(config: LocalConfig) -> Self {
        Self { config, turnstile: Turnstile::default() }
    }

    fn folder(&self, session: SessionId) -> SessionFolder {
        SessionFolder::of(&self.config.root, session)
    }

    fn plan(&self, session: SessionId, tenant: String, limits: Limits) -> Plan {
        let proxy = ProxyPlan {
            program: self.config.proxy.clone(),
            config: self.config.runtime.config(session),
            cache: self.config.cache.clone(),
            tenant,
        };
        Plan {
            proxy,
            session,
            folder: self.folder(session).path().to_owned(),
            agent: self.config.agent.clone(),
            tool_dirs: self.config.tool_dirs.clone(),
            limits,
        }
    }
}

impl Provider for LocalProvider {
    fn name(&self) -> &'static str {
        "local"
    }

    fn support(&self) -> BoxFuture<'_, SandboxSupport> {
        Box::pin(self.probe())
    }

    fn room(&self) -> BoxFuture<'_, Result<Room, SandboxError>> {
        let path = &self.config.root;
        let room = Room::at(path).map_err(|source| SandboxError::Root { path: path.clone(), source });
        Box::pin(std::future::ready(room))
    }

    fn start<'a>(&'a self, spec: &'a SandboxSpec, log: &'a LogSink) -> BoxFuture<'a, Result<Connection, SandboxError>> {
        Box::pin(async move {
            let _turn = self.turnstile.pass(spec.session).await;
            self.start_alone(spec, log).await
        })
    }

    fn connect(&self, session: SessionId) -> BoxFuture<'_, Result<Option<Connection>, SandboxError>> {
        Box::pin(async move { self.connection(session) })
    }

    fn configure<'a>(&'a self, session: SessionId, network: &'a Secret) -> BoxFuture<'a, Result<(), SandboxError>> {
        Box::pin(async move {
            let _turn = self.turnstile.pass(session).await;
            if self.connection(session)?.is_none() {
                return Ok(());
            }
            self.write_config(session, network)
        })
    }

    fn proxy(&self, session: SessionId) -> BoxFuture<'_, Result<Option<Connection>, SandboxError>> {
        Box::pin(async move {
            if self.connection(session)?.is_none() {
                return Ok(None);
            }
            let folder = self.folder(session);
            folder.proxy().connection().map_err(files(session, "reading", &folder))
        })
    }

    fn stop(&self, session: SessionId) -> BoxFuture<'_, Result<(), SandboxError>> {
        Box::pin(async move {
            let _turn = self.turnstile.pass(session).await;
            self.stop_alone(session).await
        })
    }

    fn remove(&self, session: SessionId) -> BoxFuture<'_, Result<(), SandboxError>> {
        Box::pin(async move {
            let _turn = self.turnstile.pass(session).await;
            self.stop_alone(session).await?;
            let folder = self.folder(session);
            let path = folder.path().to_owned();
            let deleted = blocking(move || removal::delete(&path)).await;
            deleted.map_err(files(session, "deleting", &folder))
        })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<SandboxStatus>, SandboxError>> {
        Box::pin(async move {
            let provider_root = self.config.root.clone();
            let found = blocking(move || sandboxes_in(&provider_root)).await;
            found.map_err(|source| SandboxError::Root { path: self.config.root.clone(), source })
        })
    }
}

impl LocalProvider {
    async fn probe(&self) -> SandboxSupport {
        // A session of its own, so that two servers that probe at the same time don't meet.
        let session = SessionId::new(uuid::Uuid::from_bytes(rand::random()));
        let order = Order::Probe(self.plan(session, String::new(), Limits::default()));
        match launch::order(&self.config.supervisor, &order).await {
            Ok(Report::Started { missing_limits }) => SandboxSupport::Available {
                isolation: Isolation {
                    provider: self.name().to_owned(),
                    isolated: true,
                    network: Network::Proxied,
                    missing_limits,
                },
            },
            Ok(Report::Failed(error)) => {
                let (reason, remedy) = diagnose(&error, &Host::look());
                SandboxSupport::Unavailable { reason, remedy }
            }
            Ok(Report::AlreadyRunning) => unreachable!("a probe takes no lock"),
            Err(error) => SandboxSupport::Unavailable {
                reason: error.to_string(),
                remedy: "Check that the server is installed whole".to_owned(),
            },
        }
    }

    fn connection(&self, session: SessionId) -> Result<Option<Connection>, SandboxError> {
        let folder = self.folder(session);
        let look = || -> io::Result<Option<Connection>> {
            let running = Holder::of(&folder.lock())?.is_some()
                && State::read(&folder)?.is_some_and(|state| state.init.is_some() && !state.stopping);
            let token = if running { folder.token()? } else { None };
            Ok(token.map(|token| Connection { endpoint: Endpoint::Unix(folder.socket()), token }))
        };
        look().map_err(files(session, "reading", &folder))
    }

    async fn start_alone(&self, spec: &SandboxSpec, log: &LogSink) -> Result<Connection, SandboxError> {
        let session = spec.session;
        let folder = self.folder(session);
        folder.create().map_err(files(session, "making", &folder))?;
        let token = folder.ensure_token().map_err(files(session, "writing to", &folder))?;
        self.write_config(session, &spec.network)?;
        let connection = Connection { endpoint: Endpoint::Unix(folder.socket()), token };
        let deadline = Instant::now() + STOP_TIMEOUT;
        loop {
            let order = Order::Supervise(self.plan(session, spec.project.to_string(), spec.limits));
            match launch::order(&self.config.supervisor, &order).await? {
                Report::Started { missing_limits } => {
                    log.line("The sandbox runs.");
                    for sentence in &missing_limits {
                        log.line(sentence);
                    }
                    await_ready(session, &folder, &connection).await?;
                    return Ok(connection);
                }
                Report::AlreadyRunning => {
                    if joined(session, &folder, &connection, deadline).await? {
                        log.line("The sandbox runs already.");
                        return Ok(connection);
                    }
                }
                Report::Failed(error) => {
                    let (reason, remedy) = diagnose(&error, &Host::look());
                    return Err(SandboxError::Setup { session, reason, remedy });
                }
            }
        }
    }

    fn write_config(&self, session: SessionId, network: &Secret) -> Result<(), SandboxError> {
        let path = self.config.runtime.config(session);
        let written = self.config.runtime.write(session, network);
        written.map_err(|source| SandboxError::Files { session, action: "writing", path, source })
    }

    async fn stop_alone(&self, session: SessionId) -> Result<(), SandboxError> {
        let folder = self.folder(session);
        if let Some(holder) = Holder::of(&folder.lock()).map_err(files(session, "reading", &folder))? {
            holder.signal(Signal::TERM).map_err(files(session, "stopping", &folder))?;
            await_end(session, &folder).await?;
        }
        let cleared = folder.clone();
        let cleared = blocking(move || clear_leftovers(&cleared)).await;
        cleared.and_then(|()| self.config.runtime.remove(session)).map_err(files(session, "cleaning up after", &folder))
    }
}

/// Waits until a sandbox that somebody else started is ready. `false` when it ends instead, and has to be started anew.
async fn joined(
    session: SessionId,
    folder: &SessionFolder,
    connection: &Connection,
    deadline: Instant,
) -> Result<bool, SandboxError> {
    if is_ending(session, folder)? && Instant::now() < deadline {
        // It is looked at again soon, because by then the lock may be another one's.
        wait_for_holder(session, folder, ENDING_PAUSE).await?;
        return Ok(false);
    }
    match await_ready(session, folder, connection).await {
        Ok(()) => Ok(true),
        Err(SandboxError::Died { .. }) if Instant::now() < deadline => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the sandbox has been told to end.
fn is_ending(session: SessionId, folder: &SessionFolder) -> Result<bool, SandboxError> {
    let state = State::read(folder).map_err(files(session, "reading", folder))?;
    Ok(state.is_some_and(|state| state.stopping))
}

/// Waits until nobody holds the lock; kills the holder when that takes too long.
async fn await_end(session: SessionId, folder: &SessionFolder) -> Result<(), SandboxError> {
    for within in [STOP_TIMEOUT, KILL_TIMEOUT] {
        let Some(holder) = wait_for_holder(session, folder, within).await? else { return Ok(()) };
        // Process 1 dies with it.
        holder.signal(Signal::KILL).map_err(files(session, "killing", folder))?;
    }
    Err(SandboxError::Unkillable { session })
}

/// Waits until the lock's holder has ended; gives it back when it hasn't in this time.
async fn wait_for_holder(
    session: SessionId,
    folder: &SessionFolder,
    within: Duration,
) -> Result<Option<Holder>, SandboxError> {
    let lock = folder.lock();
    let waited = blocking(move || Ok(Holder::of(&lock)?.filter(|holder| !holder.wait_for_end(within)))).await;
    waited.map_err(files(session, "waiting for", folder))
}

/// Waits until the daemon answers, or the sandbox ends.
async fn await_ready(session: SessionId, folder: &SessionFolder, connection: &Connection) -> Result<(), SandboxError> {
    let client = DaemonClient::new(connection.clone());
    let deadline = Instant::now() + READY_TIMEOUT;
    loop {
        let Err(source) = client.health().await else { return Ok(()) };
        let lost = matches!(source, DaemonError::Unreachable { .. } | DaemonError::Protocol(_));
        if !lost || Instant::now() >= deadline {
            return Err(SandboxError::NotReady {
                session,
                waited: READY_TIMEOUT,
                log: SandboxLog::File(folder.log()),
                source,
            });
        }
        if Holder::of(&folder.lock()).map_err(files(session, "reading", folder))?.is_none() {
            return Err(SandboxError::Died {
                session,
                last_lines: folder.log_tail(),
                log: SandboxLog::File(folder.log()),
            });
        }
        sleep(READY_RETRY).await;
    }
}

/// Every session that has a folder. Other entries aren't the provider's business.
fn sandboxes_in(root: &std::path::Path) -> io::Result<Vec<SandboxStatus>> {
    let entries = match std::fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Some(session) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            let lock = SessionFolder::at(entry.path()).lock();
            found.push(SandboxStatus { session, running: Holder::of(&lock)?.is_some() });
        }
    }
    Ok(found)
}

/// Makes a constructor of [`SandboxError::Files`] for `map_err`.
fn files(
    session: SessionId,
    action: &'static str,
    folder: &SessionFolder,
) -> impl FnOnce(io::Error) -> SandboxError + use<> {
    let path = folder.path().to_owned();
    move |source| SandboxError::Files { session, action, path, source }
}

/// Runs file system work where it holds nothing up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
