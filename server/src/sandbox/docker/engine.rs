//! The container engine, as far as sandboxes need it: one method per call, with its time limit, and what the answers
//! say in our own words. No decisions belong here.
//!
//! The engine is found anew for every call, so that one that was down or restarted is there again as soon as it answers.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, ContainerStateStatusEnum, CreateImageInfo, SystemInfo, VolumeCreateRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, ListContainersOptionsBuilder, ListVolumesOptionsBuilder,
    LogsOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptions, StopContainerOptionsBuilder,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use futures::{Stream, StreamExt, TryStreamExt};
use tokio::sync::OnceCell;
use tokio::time::{sleep, timeout};

use super::error::EngineError;

/// How long a call may take that changes nothing.
const LOOK_LIMIT: Duration = Duration::from_secs(10);

/// How long making, starting or removing something may take on a slow disk.
const CHANGE_LIMIT: Duration = Duration::from_mins(2);

/// The pause before looking again at a container whose state isn't one to stay.
const PASSING: Duration = Duration::from_millis(10);

/// How many lines of a container's log an error message quotes.
const LOG_TAIL_LINES: &str = "5";

/// A container engine that speaks Docker's API on a Unix socket.
#[derive(Debug)]
pub(super) struct Engine {
    socket: PathBuf,
    client: OnceCell<Docker>,
}

/// A container as the engine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container {
    /// What it does.
    pub activity: Activity,
    /// The status with which it ended the last time.
    pub exit_status: i64,
    /// Its labels.
    pub labels: HashMap<String, String>,
}

/// What a container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// Nothing: it was never started, or it has ended.
    Rests,
    /// It runs.
    Runs,
    /// It is frozen.
    Paused,
    /// It is on its way out, or couldn't be removed completely.
    Goes,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// Its content's name.
    pub id: String,
    /// Its environment, each variable as `NAME=value`.
    pub environment: Vec<String>,
}

impl Engine {
    /// The engine behind a socket. Nothing is sent yet.
    pub fn at(socket: PathBuf) -> Self {
        Self { socket, client: OnceCell::new() }
    }

    /// What the engine says about itself.
    pub async fn info(&self) -> Result<SystemInfo, EngineError> {
        self.call("describe itself", LOOK_LIMIT, |docker| async move { docker.info().await }).await
    }

    /// A container; `None` when there is none of this name.
    pub async fn container(&self, name: &str) -> Result<Option<Container>, EngineError> {
        let look = async |docker: Docker| loop {
            match docker.inspect_container(name, None).await {
                // Podman has states in passing that Docker's API doesn't know.
                Err(Error::JsonDataError { .. }) => sleep(PASSING).await,
                found => break found,
            }
        };
        let look = self.call("look at a container", LOOK_LIMIT, look);
        let Some(found) = unless_missing(look.await)? else { return Ok(None) };
        let state = found.state.unwrap_or_default();
        Ok(Some(Container {
            activity: activity(state.status),
            exit_status: state.exit_code.unwrap_or_default(),
            labels: found.config.and_then(|config| config.labels).unwrap_or_default(),
        }))
    }

    /// An image; `None` when the engine doesn't have it.
    pub async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        let reference = reference.to_owned();
        let look =
            self.call("look at an image", LOOK_LIMIT, |docker| async move { docker.inspect_image(&reference).await });
        let Some(found) = unless_missing(look.await)? else { return Ok(None) };
        let environment = found.config.and_then(|config| config.env).unwrap_or_default();
        Ok(Some(Image { id: found.id.unwrap_or_default(), environment }))
    }

    /// Fetches an image; the engine tells how it gets on. Dropping the stream ends it.
    pub async fn pull(
        &self,
        name: &str,
        tag: &str,
    ) -> Result<impl Stream<Item = Result<CreateImageInfo, EngineError>> + Send + use<>, EngineError> {
        let options = CreateImageOptionsBuilder::default().from_image(name).tag(tag).build();
        let told = self.client().await?.create_image(Some(options), None, None).boxed();
        let socket = self.socket.clone();
        Ok(told.map_err(move |error| EngineError::of("fetch an image", &socket, error)))
    }

    /// Makes a volume where there is none of this name, and says where the engine keeps it.
    pub async fn volume(&self, name: &str, labels: HashMap<String, String>) -> Result<PathBuf, EngineError> {
        let request = VolumeCreateRequest { name: Some(name.to_owned()), labels: Some(labels), ..Default::default() };
        let make = async |docker: Docker| match docker.create_volume(request).await {
            // Docker gives the one that is there; Podman does so unless that was made at this very moment.
            Err(Error::DockerResponseServerError { message, .. }) if message.contains("already exists") => {
                docker.inspect_volume(name).await
            }
            made => made,
        };
        Ok(self.call("make a volume", CHANGE_LIMIT, make).await?.mountpoint.into())
    }

    /// Makes a container. It is fine if somebody else has just made one of this name.
    pub async fn create(&self, name: &str, body: ContainerCreateBody) -> Result<(), EngineError> {
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let create = self.call("make a container", CHANGE_LIMIT, |docker| async move {
            docker.create_container(Some(options), body).await
        });
        match create.await {
            Err(EngineError::Refused { status: 409, .. }) => Ok(()),
            // Podman has no status for it.
            Err(EngineError::Refused { message, .. }) if message.contains("is already in use") => Ok(()),
            created => created.map(drop),
        }
    }

    /// Starts a container; one that runs already goes on. `false` when there is none of this name.
    pub async fn start(&self, name: &str) -> Result<bool, EngineError> {
        let name = name.to_owned();
        let start = self
            .call("start a container", CHANGE_LIMIT, |docker| async move { docker.start_container(&name, None).await });
        Ok(unless_missing(start.await)?.is_some())
    }

    /// Lets a frozen container go on.
    pub async fn unpause(&self, name: &str) -> Result<(), EngineError> {
        let name = name.to_owned();
        self.call("unfreeze a container", CHANGE_LIMIT, |docker| async move { docker.unpause_container(&name).await })
            .await
    }

    /// Stops a container: SIGTERM, and after `grace` SIGKILL. It is fine if it doesn't run or isn't there.
    pub async fn stop(&self, name: &str, grace: Duration) -> Result<(), EngineError> {
        let name = name.to_owned();
        let seconds = i32::try_from(grace.as_secs()).expect("a grace is a few seconds");
        let options = StopContainerOptionsBuilder::default().t(seconds).build();
        let stop = self.call("stop a container", CHANGE_LIMIT, |docker| async move {
            docker.stop_container(&name, Some(options)).await
        });
        unless_missing(stop.await).map(drop)
    }

    /// Kills a container and removes it, with the volumes that have no name. `false` when somebody else is at it.
    pub async fn remove(&self, name: &str) -> Result<bool, EngineError> {
        let name = name.to_owned();
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        let remove = self.call("remove a container", CHANGE_LIMIT, |docker| async move {
            docker.remove_container(&name, Some(options)).await
        });
        match remove.await {
            Err(EngineError::Refused { status: 409, .. }) => Ok(false),
            removed => unless_missing(removed).map(|_| true),
        }
    }

    /// Removes a volume with all that is in it. It is fine if there is none of this name.
    pub async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        let name = name.to_owned();
        let remove = self.call("remove a volume", CHANGE_LIMIT, |docker| async move {
            docker.remove_volume(&name, None::<RemoveVolumeOptions>).await
        });
        unless_missing(remove.await).map(drop)
    }

    /// The labels of every container with this label, and whether it runs.
    pub async fn containers(&self, label: &str) -> Result<Vec<(HashMap<String, String>, bool)>, EngineError> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let found = self
            .call("list containers", LOOK_LIMIT, |docker| async move { docker.list_containers(Some(options)).await });
        let runs = |state: Option<bollard::models::ContainerSummaryStateEnum>| {
            state.is_some_and(|state| matches!(state.to_string().as_str(), "running" | "paused" | "stopping"))
        };
        let found = found.await?.into_iter();
        Ok(found.map(|container| (container.labels.unwrap_or_default(), runs(container.state))).collect())
    }

    /// The labels of every volume with this label.
    pub async fn volumes(&self, label: &str) -> Result<Vec<HashMap<String, String>>, EngineError> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let found =
            self.call("list volumes", LOOK_LIMIT, |docker| async move { docker.list_volumes(Some(options)).await });
        Ok(found.await?.volumes.unwrap_or_default().into_iter().map(|volume| volume.labels).collect())
    }

    /// The last lines that a container printed.
    pub async fn log_tail(&self, name: &str) -> Result<Vec<String>, EngineError> {
        let name = name.to_owned();
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail(LOG_TAIL_LINES).build();
        let printed = self.call("show a container's log", LOOK_LIMIT, |docker| async move {
            docker.logs(&name, Some(options)).try_collect::<Vec<_>>().await
        });
        let text: String = printed.await?.iter().map(ToString::to_string).collect();
        Ok(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
    }

    /// Makes a call of the engine within a time limit.
    async fn call<T, F>(
        &self,
        action: &'static str,
        limit: Duration,
        call: impl FnOnce(Docker) -> F,
    ) -> Result<T, EngineError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let answered = async { call(self.client().await?).await.map_err(|error| self.failed(action, error)) };
        timeout(limit, answered).await.map_err(|_| self.failed(action, Error::RequestTimeoutError))?
    }

    /// A client that speaks the newest version of the API that both sides know.
    async fn client(&self) -> Result<Docker, EngineError> {
        let connect = || async {
            let path = self.socket.to_string_lossy();
            let docker = Docker::connect_with_unix(&path, CHANGE_LIMIT.as_secs(), API_DEFAULT_VERSION)?;
            docker.negotiate_version().await
        };
        let client = self.client.get_or_try_init(connect).await;
        client.cloned().map_err(|error| self.failed("say which version it is", error))
    }

    fn failed(&self, action: &'static str, error: Error) -> EngineError {
        EngineError::of(action, &self.socket, error)
    }
}

fn activity(status: Option<ContainerStateStatusEnum>) -> Activity {
    use ContainerStateStatusEnum as Status;
    match status {
        Some(Status::RUNNING | Status::RESTARTING | Status::STOPPING) => Activity::Runs,
        Some(Status::PAUSED) => Activity::Paused,
        Some(Status::REMOVING | Status::DEAD) => Activity::Goes,
        Some(Status::CREATED | Status::EXITED | Status::EMPTY) | None => Activity::Rests,
    }
}

/// Makes `None` of the answer that there is no such thing.
fn unless_missing<T>(answer: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match answer {
        Err(EngineError::Refused { status: 404, .. }) => Ok(None),
        answer => answer.map(Some),
    }
}
