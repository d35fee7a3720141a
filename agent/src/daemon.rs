//! The agent daemon: opens what it needs, serves the API, and ends in order when it is asked to.

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use octobot_wire::daemon::DaemonEventBody;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::acp::Surroundings;
use crate::api::{Api, Token};
use crate::arguments::{DaemonArguments, ListenAddress};
use crate::clock;
use crate::driver::{Driver, TurnsHandle};
use crate::enclosures::Enclosures;
use crate::environment::Environment;
use crate::files::Trash;
use crate::git::Workspace;
use crate::log::EventLog;
use crate::shell::Shell;
use crate::terminal::{Installed, Terminals};
use crate::turn::History;

/// Where things are installed where no folder is given for it, in the home folder.
const CACHE: &str = ".cache/octobot";

/// Where deleted files wait to be brought back, in the home folder.
const TRASH: &str = ".octobot/trash";

/// After the last event, streams have this long to send what they still hold.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Runs until it is asked to end.
pub fn run(arguments: DaemonArguments) -> anyhow::Result<()> {
    // One thread is enough for one agent, and the sandbox's memory is for the agent.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(arguments))
}

async fn serve(arguments: DaemonArguments) -> anyhow::Result<()> {
    let end = await_end()?;
    let token = Token::read(&arguments.token_file).context("the token can't be read")?;
    DirBuilder::new().recursive(true).mode(0o700).create(&arguments.data).context("the data folder can't be made")?;
    let mut history = History::default();
    let log = EventLog::open(arguments.data.join("events.ndjson").as_ref(), |record| history.observe(record))?;
    let reader = log.reader();
    let environment = environment_of(&arguments);
    let cache = arguments.cache.unwrap_or_else(|| arguments.home.join(CACHE));
    let mut surroundings = Surroundings {
        environment: environment.clone(),
        workspace: arguments.workspace.as_ref().to_owned(),
        cache: cache.join("agents").as_ref().to_owned(),
        data: arguments.data.join("agent").as_ref().to_owned(),
    };
    let workspace = Workspace::open(arguments.data.as_ref(), arguments.workspace.as_ref(), &environment)?;
    let workspace = Arc::new(workspace);
    let shell_folder = arguments.data.join("shell");
    let shell = Shell::find(environment, shell_folder.as_str(), arguments.workspace.as_ref().to_owned())?;
    surroundings.environment.set("SHELL", shell.program());
    let installed = Installed::new(shell.program(), surroundings.environment.clone(), surroundings.workspace.clone());
    let terminals = Terminals::restore(arguments.data.join("terminals").as_ref().to_owned(), installed, clock::system);
    let terminals = Arc::new(terminals.await.context("the terminals can't be restored")?);
    let enclosures = Enclosures::new(arguments.home.as_ref(), arguments.workspace.as_ref().to_owned());
    let (driver, turns) = {
        let workspace = Arc::clone(&workspace);
        Driver::resume(log, history, shell, enclosures, surroundings, workspace, clock::system).await?
    };

    let trash = Trash::at(arguments.home.join(TRASH).as_ref().to_owned());
    let closing = CancellationToken::new();
    let announcing = [
        tokio::spawn(announce_changes(workspace.clone(), turns.clone())),
        tokio::spawn(announce_terminals(Arc::clone(&terminals), turns.clone())),
    ];
    let api = Api::new(token, turns.clone(), reader, workspace, trash, Arc::clone(&terminals));
    let server = tokio::spawn(listen(arguments.listen, arguments.socket_mode, api, closing.clone()).await?);
    let driver = tokio::spawn(driver.run());
    let signal = end.await;
    tracing::info!(signal, "the daemon shuts down");
    closing.cancel();
    announcing.iter().for_each(JoinHandle::abort);
    let ((), driver) = tokio::join!(terminals.shut_down(), async {
        turns.shut_down().await;
        driver.await
    });
    driver.context("the driver panicked")?;
    if timeout(LAST_WORDS, server).await.is_err() {
        tracing::info!("a client was too slow for the last events");
    }
    Ok(())
}

/// Writes to the log when files have changed that somebody has looked at.
async fn announce_changes(workspace: Arc<Workspace>, turns: TurnsHandle) {
    // Whoever looked before the daemon ended doesn't know what it has missed.
    if workspace.has_code() {
        turns.tell(DaemonEventBody::CodeChanged).await;
    }
    loop {
        workspace.further_changes().await;
        turns.tell(DaemonEventBody::CodeChanged).await;
    }
}

/// Writes to the log when terminals have come, gone or got other names.
async fn announce_terminals(terminals: Arc<Terminals>, turns: TurnsHandle) {
    let mut changes = terminals.watch();
    while changes.changed().await.is_ok() {
        turns.tell(DaemonEventBody::TerminalsChanged).await;
    }
}

/// The environment of every process of the sandbox.
fn environment_of(arguments: &DaemonArguments) -> Environment {
    let mut environment = Environment::of_user(&arguments.user, arguments.home.as_str(), env::var("PATH").ok());
    for name in &arguments.pass {
        // What isn't text can't be put into a script's state either.
        if let Ok(value) = env::var(name) {
            environment.set(name, &value);
        }
    }
    environment
}

/// Resolves to the name of the signal that asks the daemon to end.
fn await_end() -> io::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    // A closed terminal is no reason for a daemon to end; being listened to is all that this needs.
    let hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        let _hangup = hangup;
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
            _ = quit.recv() => "SIGQUIT",
        }
    })
}

/// Binds, and returns what serves until `closing`, and then until the last answer is sent.
async fn listen(
    address: ListenAddress,
    socket_mode: u32,
    api: Api,
    closing: CancellationToken,
) -> anyhow::Result<std::pin::Pin<Box<dyn Future<Output = io::Result<()>> + Send>>> {
    let router = api.router();
    let closed = closing.cancelled_owned();
    match address {
        ListenAddress::Unix(path) => {
            let listener =
                bind_socket(&path, socket_mode).with_context(|| format!("can't listen at {}", path.display()))?;
            tracing::info!(path = %path.display(), "the daemon listens");
            Ok(Box::pin(axum::serve(listener, router).with_graceful_shutdown(closed).into_future()))
        }
        ListenAddress::Stdin => {
            let listener = inherited_socket().context("standard input isn't a socket to listen on")?;
            tracing::info!("the daemon listens");
            Ok(Box::pin(axum::serve(listener, router).with_graceful_shutdown(closed).into_future()))
        }
        ListenAddress::Tcp(address) => {
            let listener = TcpListener::bind(address).await.with_context(|| format!("can't listen at {address}"))?;
            tracing::info!(address = %listener.local_addr()?, "the daemon listens");
            let listener = listener.tap_io(|stream| {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(error = %error, "events may be late");
                }
            });
            Ok(Box::pin(axum::serve(listener, router).with_graceful_shutdown(closed).into_future()))
        }
    }
}

/// The socket that process 1 made. It stays open there, so that calls wait for the next daemon when this one dies.
fn inherited_socket() -> io::Result<UnixListener> {
    let listener = std::os::unix::net::UnixListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}

/// The log is locked by now, so a socket that is already there belongs to a daemon that has died.
fn bind_socket(path: &Path, mode: u32) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Nobody else may connect in the moment before the mode is set.
    let umask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o777 & !mode));
    let listener = UnixListener::bind(path);
    rustix::process::umask(umask);
    listener
}
