//! Starting a sandbox: from whatever there is of it to a daemon that answers.
//!
//! Another server may be at the same sandbox. The engine knows containers by their names and takes each call as one
//! step, so whoever comes second finds what the first has done, and goes on from there.

use std::path::PathBuf;
use std::time::Duration;

use octobot_wire::SessionId;
use octobot_wire::daemon::UNSUITABLE_IMAGE_STATUS;
use rustix::process::{Resource, getrlimit};
use tokio::time::{Instant, sleep};

use super::blueprint::{self, Blueprint};
use super::engine::{Activity, Container, Image};
use super::{DockerProvider, GOING_PAUSE, at, files};
use crate::sandbox::{Connection, DaemonClient, DaemonError, LogSink, SandboxError, SandboxLog, SandboxSpec};

/// How long the daemon may take to answer for the first time.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// The pause between two attempts to reach a daemon that starts, beside the time that the engine takes to say that its
/// container runs.
const READY_RETRY: Duration = Duration::from_millis(1);

/// The highest number of open files that a process may ask for.
const MAX_OPEN_FILES: u64 = 65_536;

/// How often a start may find that what it has just seen is gone.
const ATTEMPTS: u32 = 20;

/// What there is to make a sandbox of.
struct Material {
    container: Option<Container>,
    image: Option<Image>,
    /// Where server and daemon meet.
    place: PathBuf,
    /// The certificates that programs trust.
    ca_bundle: PathBuf,
    /// The same for Java.
    java_store: PathBuf,
    /// Where the engine keeps the session's volume.
    data: PathBuf,
}

impl DockerProvider {
    /// Starts the sandbox; the caller sees to it that this provider does so once at a time.
    pub(super) async fn start_alone(&self, spec: &SandboxSpec, log: &LogSink) -> Result<Connection, SandboxError> {
        let session = spec.session;
        let place = self.place(session);
        let connection = place.ensure().map_err(files(session, "making", &place))?;
        let outlet = self.outlet(session);
        let prepared = outlet.prepare(place.path()).and_then(|()| outlet.configure(&spec.network));
        prepared.and_then(|()| outlet.ensure(&spec.project)).map_err(at(
            session,
            "starting the proxy in",
            outlet.path(),
        ))?;
        for _ in 0..ATTEMPTS {
            if Box::pin(self.bring_up(spec, log)).await? {
                self.await_ready(session, &connection).await?;
                return Ok(connection);
            }
            sleep(GOING_PAUSE).await;
        }
        Err(SandboxError::Unkillable { session })
    }

    /// Brings the container to run; `false` when it went away meanwhile.
    async fn bring_up(&self, spec: &SandboxSpec, log: &LogSink) -> Result<bool, SandboxError> {
        let session = spec.session;
        let name = blueprint::name(session);
        let material = self.material(spec).await?;
        match &material.container {
            Some(container) if container.activity == Activity::Runs => {
                log.line("The sandbox runs already.");
                return Ok(true);
            }
            Some(container) if container.activity == Activity::Paused => {
                self.engine.unpause(&name).await.map_err(|error| error.about(session))?;
                return Ok(true);
            }
            Some(container) if container.activity == Activity::Goes => {
                self.remove_container(session).await?;
                return Ok(false);
            }
            Some(container) => self.renew(spec, container, &material, log).await?,
            None => self.create(spec, &material).await?,
        }
        let started = self.engine.start(&name).await.map_err(|error| error.about(session))?;
        if started {
            log.line("The sandbox runs.");
        }
        Ok(started)
    }

    /// Looks at everything at once: each look is a round trip.
    async fn material(&self, spec: &SandboxSpec) -> Result<Material, SandboxError> {
        let (installation, session, project) = (self.config.installation, spec.session, &spec.project);
        let name = blueprint::name(session);
        let cache = blueprint::cache_name(installation, project);
        let looks = tokio::try_join!(
            self.engine.container(&name),
            self.engine.image(&self.config.image),
            self.engine.volume(&name, blueprint::session_labels(installation, session, project)),
            self.engine.volume(&cache, blueprint::cache_labels(installation, project)),
        );
        let (container, image, data, _cache) = looks.map_err(|error| error.about(session))?;
        let (place, outlet) = (self.place(session).path().to_owned(), self.outlet(session));
        let (ca_bundle, java_store) = (outlet.ca_bundle(), outlet.java_store());
        Ok(Material { container, image, place, ca_bundle, java_store, data })
    }

    /// Makes a container that rests anew when it isn't what it should be by now. Its data is in the volume.
    async fn renew(
        &self,
        spec: &SandboxSpec,
        container: &Container,
        material: &Material,
        log: &LogSink,
    ) -> Result<(), SandboxError> {
        // The container keeps its image, so it can do without one of that name.
        let Some(image) = &material.image else { return Ok(()) };
        let (_, wanted) = self.blueprint(spec, image, material).request();
        if blueprint::fingerprint_of(&container.labels) == Some(&wanted) {
            return Ok(());
        }
        log.line("The image or the limits have changed: making the container anew, with the same data …");
        self.remove_container(spec.session).await?;
        self.create(spec, material).await
    }

    async fn create(&self, spec: &SandboxSpec, material: &Material) -> Result<(), SandboxError> {
        let session = spec.session;
        let image = material.image.as_ref().ok_or_else(|| SandboxError::Image {
            session,
            image: self.config.image.clone(),
            reason: "it isn't on this machine any more".to_owned(),
            remedy: "Retry to fetch it".to_owned(),
        })?;
        if !self.config.agent.is_file() {
            let reason = format!("{} isn't there", self.config.agent.display());
            let remedy = "Check that the server is installed whole".to_owned();
            return Err(SandboxError::Setup { session, reason, remedy });
        }
        let (request, _) = self.blueprint(spec, image, material).request();
        let created = self.engine.create(&blueprint::name(session), request).await;
        created.map_err(|error| error.about(session))
    }

    fn blueprint<'a>(&'a self, spec: &'a SandboxSpec, image: &'a Image, material: &'a Material) -> Blueprint<'a> {
        Blueprint {
            installation: self.config.installation,
            spec,
            reference: &self.config.image,
            image,
            agent: &self.config.agent,
            place: &material.place,
            ca_bundle: &material.ca_bundle,
            java_store: &material.java_store,
            data: &material.data,
            open_files: open_files(),
        }
    }

    /// Waits until the daemon answers, or the container ends.
    async fn await_ready(&self, session: SessionId, connection: &Connection) -> Result<(), SandboxError> {
        let client = DaemonClient::new(connection.clone());
        let name = blueprint::name(session);
        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            let Err(source) = client.health().await else { return Ok(()) };
            let lost = matches!(source, DaemonError::Unreachable { .. } | DaemonError::Protocol(_));
            if !lost || Instant::now() >= deadline {
                let log = SandboxLog::Container(name);
                return Err(SandboxError::NotReady { session, waited: READY_TIMEOUT, log, source });
            }
            let container = self.engine.container(&name).await.map_err(|error| error.about(session))?;
            match container {
                Some(container) if container.activity != Activity::Rests => sleep(READY_RETRY).await,
                ended => return Err(self.ended(session, ended).await),
            }
        }
    }

    /// Why a container ended that was to become ready.
    async fn ended(&self, session: SessionId, container: Option<Container>) -> SandboxError {
        let name = blueprint::name(session);
        let lines = match self.engine.log_tail(&name).await {
            Ok(lines) => lines,
            Err(error) => vec![format!("(no log: {error})")],
        };
        if container.is_some_and(|container| container.exit_status == i64::from(UNSUITABLE_IMAGE_STATUS)) {
            return SandboxError::Image {
                session,
                image: self.config.image.clone(),
                reason: lines.last().cloned().unwrap_or_default(),
                remedy: "Add it to the image, or choose another with --sandbox-image".to_owned(),
            };
        }
        SandboxError::Died { session, last_lines: lines.join(" / "), log: SandboxLog::Container(name) }
    }
}

/// An engine can't give more than it may have itself. On the same machine that is hardly less than what this server has.
fn open_files() -> u64 {
    getrlimit(Resource::Nofile).maximum.unwrap_or(MAX_OPEN_FILES).min(MAX_OPEN_FILES)
}
