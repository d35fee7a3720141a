//! Puts the parts together, serves until it is told to stop, and takes the parts down again.

mod provider;

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use metrics_exporter_prometheus::PrometheusBuilder;
use octobot_wire::agent::{AgentOptions, AgentTypeId};
use octobot_wire::{AgentId, ProjectId};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::backend::Services;
use crate::bus::Bus;
use crate::claim::{DataFolder, DatabaseClaim};
use crate::clock::{Clock as _, IdSource as _, Machine};
use crate::config::Config;
use crate::domain::Agent;
use crate::forge::Forges;
use crate::git::settle_deposits;
use crate::http::{Assets, Web, router};
use crate::jobs::{Alarm, Reconciler, Runner, SessionJob, WarmPool, WorkspaceJob};
use crate::outgoing::outgoing;
use crate::services::{
    AgentService, Attended, CodeService, Core, CredentialService, Egress, Followers, NetworkService, Paths,
    ProjectService, SessionService, Support, TerminalService, TrafficService, WorkspaceService, tidy_forks,
};
use crate::store::{EventListener, Heard, Store};
use crate::trial::Trials;
use crate::vault::{Key, Vault};

/// How long open requests have to end on shutdown. Streams end at once.
const DRAIN: Duration = Duration::from_secs(8);

/// How long to wait before listening to other servers again after the database was lost.
const HEAR_AGAIN: Duration = Duration::from_secs(1);

/// Serves until SIGINT or SIGTERM.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    any_spawner::Executor::init_tokio().context("pages can't be rendered")?;
    make_private_folder(&config.data_dir)?;
    let folder = DataFolder::claim(&config.data_dir)?;
    let owner = folder.server_id;
    let paths = paths(&config.data_dir)?;
    settle_deposits(&paths.applied).await.context("can't read what was begun to be applied")?;
    let assets = Assets::load(&config.site_dir)?;
    let metrics = PrometheusBuilder::new().install_recorder().context("can't collect metrics")?;
    let key = Key::load_or_create(&config.data_dir.join("encryption.key"))?;
    let store = Store::open(&config.database, Vault::new(key)).await?;
    let claim = DatabaseClaim::take(store.clone(), owner).await?;

    let shutdown = CancellationToken::new();
    let provider = provider::choose(&config, first_data(&store).await?).await?;
    let support = Support::of(&*provider).await;
    let core = Arc::new(Core {
        store: store.clone(),
        bus: Bus::default(),
        clock: Arc::new(Machine),
        ids: Arc::new(Machine),
        alarm: Alarm::default(),
        paths,
    });
    tidy_forks(&core).await.context("can't tidy what forks have left")?;
    let egress = Arc::new(Egress::new(core.clone(), provider.clone(), provider::of_operator(&config)?));
    let followers = Arc::new(Followers::new(core.clone(), provider.clone(), egress.clone(), owner, shutdown.clone()));
    let runner = Arc::new(Runner {
        core: core.clone(),
        owner,
        workspaces: WorkspaceJob::new(core.clone()),
        sessions: SessionJob::new(
            core.clone(),
            provider.clone(),
            egress.clone(),
            followers.clone(),
            support.clone(),
            config.policy,
            config.agent_variables,
        ),
    });
    // Jobs that this server's former life held are taken up at once.
    runner.release().await?;
    let warm = Arc::new(WarmPool::new(core.clone(), provider.clone(), egress.clone(), support.clone(), config.policy));
    let attended = Arc::new(Attended::default());
    let reconciler = Reconciler {
        core: core.clone(),
        provider: provider.clone(),
        egress: egress.clone(),
        followers: followers.clone(),
        support: support.clone(),
        warm: warm.clone(),
        attended: attended.clone(),
        idle_stop: config.idle_stop,
    };
    let replicas = store.listen().await?;
    let background = [
        tokio::spawn(hear_replicas(replicas, core.clone(), shutdown.clone())),
        tokio::spawn(runner.run(shutdown.clone())),
        tokio::spawn(reconciler.run(shutdown.clone())),
        tokio::spawn(warm.clone().run(config.warm_sandboxes, shutdown.clone())),
    ];

    let sessions = Arc::new(SessionService::new(core.clone(), provider.clone(), warm));
    let outgoing = outgoing()?;
    let services = Services {
        projects: Arc::new(ProjectService::new(core.clone(), support)),
        workspaces: Arc::new(WorkspaceService::new(core.clone(), config.policy.limits)),
        agents: Arc::new(AgentService::new(core.clone())),
        credentials: Arc::new(CredentialService::new(core.clone(), egress.clone(), Trials::new(outgoing.clone()))),
        network: Arc::new(NetworkService::new(core.clone(), egress)),
        traffic: Arc::new(TrafficService::new(core.clone(), provider.clone())),
        code: Arc::new(CodeService::new(core.clone(), sessions.clone(), Forges::new(outgoing))),
        terminals: Arc::new(TerminalService::new(core.clone(), sessions.clone(), attended)),
        sessions,
    };
    let web = Web {
        core,
        services,
        assets: Arc::new(assets),
        followers: followers.clone(),
        metrics,
        dev_reload: config.dev_reload,
        shutdown: shutdown.clone(),
    };
    let listener = bind(config.listen).await?;

    let serving = async {
        let served = listen(listener, web, shutdown.clone()).await;
        shutdown.cancel();
        served
    };
    let (served, ()) = tokio::join!(serving, claim.keep(&shutdown));
    served?;

    for task in background {
        task.await.context("a background task panicked")?;
    }
    followers.ended().await;
    claim.give_back().await;
    drop(folder);
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// The server's own folders, the scratch folder as empty as it should be.
fn paths(data: &Path) -> anyhow::Result<Paths> {
    let (cache, applied, scratch) = (data.join("cache"), data.join("applied"), data.join("scratch"));
    let paths = Paths { data: data.to_owned(), cache, applied, forks: data.join("forks"), scratch };
    if paths.scratch.exists() {
        std::fs::remove_dir_all(&paths.scratch).context("can't clear the scratch folder")?;
    }
    make_private_folder(&paths.scratch)?;
    make_private_folder(&paths.cache)?;
    make_private_folder(&paths.applied)?;
    make_private_folder(&paths.forks)?;
    Ok(paths)
}

/// Takes the address, and says so to whoever waits for it.
async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("can't listen on {address}: is another server there? --listen takes another address")
    })?;
    let address = listener.local_addr()?;
    println!("Octobot listens on http://{address}");
    std::io::stdout().flush()?;
    tracing::info!(http.address = %address, "listening on http://{address}");
    Ok(listener)
}

/// Serves until a signal, then gives open requests some seconds.
async fn listen(listener: TcpListener, web: Web, shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stopping = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("stopping");
        stopping.cancel();
    });
    // What is typed into a terminal isn't to wait for what comes after it.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = %error, "answers may be late");
        }
    });
    let served = axum::serve(listener, router(web)).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        result = async { served.await } => result.context("serving failed"),
        () = overdue => {
            tracing::warn!("some requests didn't end in time");
            Ok(())
        }
    }
}

/// Tells the streams of this server what other servers on the same database commit.
async fn hear_replicas(listener: Option<EventListener>, core: Arc<Core>, shutdown: CancellationToken) {
    let Some(mut listener) = listener else { return };
    loop {
        let heard = tokio::select! { heard = listener.next() => heard, () = shutdown.cancelled() => return };
        match heard {
            Ok(Heard::Events { project, number }) => core.bus.nudge(Some(&project), number),
            Ok(Heard::Gap) => core.bus.nudge(None, u64::MAX),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "other servers can't be heard; trying again");
                tokio::time::sleep(HEAR_AGAIN).await;
                core.bus.nudge(None, u64::MAX);
            }
        }
    }
}

/// Makes sure that the installation, the anonymous user and the project `local` are there.
async fn first_data(store: &Store) -> anyhow::Result<Uuid> {
    let machine = Machine;
    let now = machine.now();
    let shell = Agent {
        id: AgentId::new(machine.fresh()),
        project_id: ProjectId::local(),
        name: "Shell".to_owned(),
        agent_type: AgentTypeId::Shell,
        is_default: true,
        setup_script: String::new(),
        options: AgentOptions::default(),
        created_at: now,
        updated_at: now,
    };
    let mut tx = store.begin().await?;
    let installation = tx.installation_id(machine.fresh()).await?;
    tx.ensure_local_project(&shell, now).await?;
    tx.commit(now).await?;
    Ok(installation)
}

fn make_private_folder(path: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("can't make the folder {}: choose another one with --data-dir", path.display()))
}
