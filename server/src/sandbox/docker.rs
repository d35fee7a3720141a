//! The `docker` provider: sandboxes made of containers by an engine that speaks Docker's API, Podman's too.
//!
//! A sandbox is a container, a volume with its data, a place on the host where server and daemon meet, and a proxy. Which
//! sandbox runs is answered by the engine alone. Everything carries the installation's label, and nothing without it is
//! ever touched, so that several servers can use one engine.
//!
//! The engine must run on this machine: the agent, the place, and the home in the volume are mounted by their paths
//! here. The daemon is reached over a Unix socket in the place, so that no port is open, no other container gets to it,
//! and starting a container doesn't wait for a port to be published.
//!
//! The network is the container's own and leads nowhere but to its proxy, which is a process of this machine. The space that a
//! sandbox takes on the disk isn't bounded. Only this module uses bollard.

mod blueprint;
mod engine;
mod error;
mod outlet;
mod place;
mod pull;
mod start;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::BoxFuture;
use octobot_wire::project::SandboxSupport;
use octobot_wire::session::{Isolation, Network};
use octobot_wire::{ProjectId, SessionId};
use tokio::sync::OnceCell;
use tokio::time::sleep;
use uuid::Uuid;

use self::engine::{Activity, Engine};
use self::outlet::Outlet;
pub use self::outlet::OutletConfig;
use self::place::Place;
use super::turnstile::Turnstile;
use super::{Connection, LogSink, Provider, Room, SandboxError, SandboxSpec, SandboxStatus, Secret};

/// What process 1 has to end: more than the 10 s after which it kills what is left itself.
const STOP_GRACE: Duration = Duration::from_secs(12);

/// The pause before looking again whether a container has gone that somebody else removes.
const GOING_PAUSE: Duration = Duration::from_millis(50);

/// How often it is looked.
const GOING_LOOKS: u32 = 200;

/// Where the provider finds things. All paths are absolute, and the engine sees them too.
#[derive(Debug, Clone)]
pub struct DockerConfig {
    /// The engine's socket.
    pub socket: PathBuf,
    /// The image that sandboxes are made of.
    pub image: String,
    /// The static `octobot-agent` binary.
    pub agent: PathBuf,
    /// The folder with one place for each session.
    pub root: PathBuf,
    /// What the containers' proxies need.
    pub outlet: OutletConfig,
    /// What tells the containers and volumes of this installation from those of others.
    pub installation: Uuid,
}

/// Makes sandboxes of containers.
#[derive(Debug)]
pub struct DockerProvider {
    config: DockerConfig,
    engine: Engine,
    turnstile: Turnstile,
    data_root: OnceCell<Option<PathBuf>>,
}

impl DockerProvider {
    /// A provider. The engine isn't called yet, and needn't be there.
    pub fn new(config: DockerConfig) -> Self {
        let engine = Engine::at(config.socket.clone());
        Self { config, engine, turnstile: Turnstile::default(), data_root: OnceCell::new() }
    }

    fn outlet(&self, session: SessionId) -> Outlet<'_> {
        Outlet::of(&self.config.outlet, session)
    }

    fn place(&self, session: SessionId) -> Place {
        Place::of(&self.config.root, session)
    }
}

impl Provider for DockerProvider {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn support(&self) -> BoxFuture<'_, SandboxSupport> {
        Box::pin(self.probe())
    }

    fn lacks_image(&self) -> BoxFuture<'_, Result<bool, SandboxError>> {
        Box::pin(async move {
            let image = self.engine.image(&self.config.image).await;
            Ok(image.map_err(error::EngineError::about_all)?.is_none())
        })
    }

    fn pull_image<'a>(&'a self, session: SessionId, log: &'a LogSink) -> BoxFuture<'a, Result<(), SandboxError>> {
        Box::pin(pull::pull(&self.engine, session, &self.config.image, log))
    }

    fn room(&self) -> BoxFuture<'_, Result<Room, SandboxError>> {
        Box::pin(self.scarcest_room())
    }

    fn start<'a>(&'a self, spec: &'a SandboxSpec, log: &'a LogSink) -> BoxFuture<'a, Result<Connection, SandboxError>> {
        Box::pin(async move {
            let _turn = self.turnstile.pass(spec.session).await;
            // It holds much while it waits.
            Box::pin(self.start_alone(spec, log)).await
        })
    }

    fn connect(&self, session: SessionId) -> BoxFuture<'_, Result<Option<Connection>, SandboxError>> {
        Box::pin(async move {
            let found = self.engine.container(&blueprint::name(session)).await.map_err(|error| error.about(session))?;
            if found.is_none_or(|container| container.activity != Activity::Runs) {
                return Ok(None);
            }
            let place = self.place(session);
            place.connection().map_err(files(session, "reading", &place))
        })
    }

    fn configure<'a>(&'a self, session: SessionId, network: &'a Secret) -> BoxFuture<'a, Result<(), SandboxError>> {
        Box::pin(async move {
            let _turn = self.turnstile.pass(session).await;
            if self.connect(session).await?.is_none() {
                return Ok(());
            }
            let outlet = self.outlet(session);
            outlet.configure(network).map_err(at(session, "telling the proxy in", outlet.path()))
        })
    }

    fn tend<'a>(&'a self, session: SessionId, project: &'a ProjectId) -> BoxFuture<'a, Result<(), SandboxError>> {
        Box::pin(async move {
            let _turn = self.turnstile.pass(session).await;
            let outlet = self.outlet(session);
            outlet.ensure(project).map_err(at(session, "starting the proxy in", outlet.path()))
        })
    }

    fn proxy(&self, session: SessionId) -> BoxFuture<'_, Result<Option<Connection>, SandboxError>> {
        Box::pin(async move {
            if self.connect(session).await?.is_none() {
                return Ok(None);
            }
            let outlet = self.outlet(session);
            outlet.connection().map_err(at(session, "reading", outlet.path()))
        })
    }

    fn stop(&self, session: SessionId) -> BoxFuture<'_, Result<(), SandboxError>> {
        Box::pin(async move {
            let _turn = self.turnstile.pass(session).await;
            let stopped = self.engine.stop(&blueprint::name(session), STOP_GRACE).await;
            stopped.map_err(|error| error.about(session))?;
            self.end_outlet(session).await
        })
    }

    fn remove(&self, session: SessionId) -> BoxFuture<'_, Result<(), SandboxError>> {
        Box::pin(async move {
            let _turn = self.turnstile.pass(session).await;
            self.remove_container(session).await?;
            let removed = self.engine.remove_volume(&blueprint::name(session)).await;
            removed.map_err(|error| error.about(session))?;
            self.end_outlet(session).await?;
            let (place, outlet) = (self.place(session), self.outlet(session));
            outlet.remove().map_err(at(session, "deleting", outlet.path()))?;
            place.remove().map_err(files(session, "deleting", &place))
        })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<SandboxStatus>, SandboxError>> {
        Box::pin(self.all())
    }
}

impl DockerProvider {
    async fn probe(&self) -> SandboxSupport {
        let unavailable = |reason: &str, remedy: &str| SandboxSupport::Unavailable {
            reason: reason.to_owned(),
            remedy: remedy.to_owned(),
        };
        let info = match self.engine.info().await {
            Ok(info) => info,
            Err(error) => {
                return unavailable(
                    &format!("No sandboxes can be made, because {}.", error.about_all()),
                    "Without an engine, --sandbox-provider local makes them of this machine's kernel.",
                );
            }
        };
        if info.security_options.iter().flatten().any(|option| option.starts_with("name=userns")) {
            return unavailable(
                "The container engine gives containers other users than the host's (userns-remap), who can't get to \
                 where server and sandbox meet.",
                "Turn userns-remap off, use a rootless engine, or choose --sandbox-provider local.",
            );
        }
        let missing = |bounded: Option<bool>, sentence: &str| (bounded == Some(false)).then(|| sentence.to_owned());
        let missing_limits = [
            missing(info.pids_limit, "The number of processes isn't bounded: the engine has no control group for it."),
            missing(info.memory_limit, "Memory isn't bounded: the engine has no control group for it."),
            missing(info.cpu_cfs_quota, "Processor time isn't bounded: the engine has no control group for it."),
        ];
        SandboxSupport::Available {
            isolation: Isolation {
                provider: self.name().to_owned(),
                isolated: true,
                network: Network::Proxied,
                missing_limits: missing_limits.into_iter().flatten().collect(),
            },
        }
    }

    /// The proxy ends with its container, and shortly after it.
    async fn end_outlet(&self, session: SessionId) -> Result<(), SandboxError> {
        let config = self.config.outlet.clone();
        let ended = tokio::task::spawn_blocking(move || Outlet::of(&config, session).end()).await;
        let ended = ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        ended.map_err(at(session, "ending the proxy in", self.outlet(session).path()))
    }

    /// The engine keeps images and volumes; this machine the rest. An engine's folder that isn't seen isn't counted.
    async fn scarcest_room(&self) -> Result<Room, SandboxError> {
        let ask = || async { Ok(self.engine.info().await?.docker_root_dir.map(PathBuf::from)) };
        let data_root = self.data_root.get_or_try_init(ask).await.map_err(error::EngineError::about_all)?;
        let own = Room::at(&self.config.root);
        let own = own.map_err(|source| SandboxError::Root { path: self.config.root.clone(), source })?;
        let engines = data_root.as_deref().filter(|path| path.exists()).and_then(|path| Room::at(path).ok());
        Ok(engines.filter(|room| room.free_bytes < own.free_bytes).unwrap_or(own))
    }

    /// Removes the container, and waits until it is gone.
    async fn remove_container(&self, session: SessionId) -> Result<(), SandboxError> {
        let name = blueprint::name(session);
        for _ in 0..GOING_LOOKS {
            if self.engine.remove(&name).await.map_err(|error| error.about(session))? {
                return Ok(());
            }
            sleep(GOING_PAUSE).await;
        }
        Err(SandboxError::Unkillable { session })
    }

    /// What has a container, a volume or a place here.
    async fn all(&self) -> Result<Vec<SandboxStatus>, SandboxError> {
        let label = blueprint::installation_label(self.config.installation);
        let (containers, volumes) = tokio::try_join!(self.engine.containers(&label), self.engine.volumes(&label))
            .map_err(error::EngineError::about_all)?;
        let places = Place::all(&self.config.root);
        let places = places.map_err(|source| SandboxError::Root { path: self.config.root.clone(), source })?;
        let mut found: std::collections::BTreeMap<SessionId, bool> =
            places.into_iter().chain(volumes.iter().filter_map(blueprint::session_of)).map(|s| (s, false)).collect();
        for (labels, runs) in &containers {
            if let Some(session) = blueprint::session_of(labels) {
                *found.entry(session).or_default() |= runs;
            }
        }
        Ok(found.into_iter().map(|(session, running)| SandboxStatus { session, running }).collect())
    }
}

/// Makes a constructor of [`SandboxError::Files`] for `map_err`.
fn files(session: SessionId, action: &'static str, place: &Place) -> impl FnOnce(io::Error) -> SandboxError + use<> {
    at(session, action, place.path())
}

/// The same, of any folder.
fn at(session: SessionId, action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SandboxError + use<> {
    let path = path.to_owned();
    move |source| SandboxError::Files { session, action, path, source }
}
