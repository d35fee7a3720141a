//! What makes sandboxes, as a trait, and the plain types that it takes and gives. No implementation belongs here.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use octobot_wire::project::SandboxSupport;
use octobot_wire::{ProjectId, SessionId};

use super::{Connection, Limits, Room, SandboxError, Secret};

/// Makes, finds, stops and removes sandboxes.
///
/// A sandbox belongs to exactly one session and is known by the session's id. It outlives the server: whatever a
/// server left running is found again through [`Provider::list`] and [`Provider::connect`]. Every call may be repeated
/// after a crash at any point.
pub trait Provider: Send + Sync {
    /// The provider's name, for instance `local`.
    fn name(&self) -> &'static str;

    /// Tries what this host allows by really doing it. Takes some milliseconds: the caller keeps the answer.
    fn support(&self) -> BoxFuture<'_, SandboxSupport>;

    /// Whether an image has to be fetched before a sandbox can be made. A provider without images has none to fetch.
    fn lacks_image(&self) -> BoxFuture<'_, Result<bool, SandboxError>> {
        Box::pin(async { Ok(false) })
    }

    /// Fetches the image, for a sandbox of this session to begin with. Dropping the future ends it.
    fn pull_image<'a>(&'a self, _session: SessionId, _log: &'a LogSink) -> BoxFuture<'a, Result<(), SandboxError>> {
        Box::pin(async { Ok(()) })
    }

    /// The room where sandboxes keep their data; where that is in several places, the scarcest.
    fn room(&self) -> BoxFuture<'_, Result<Room, SandboxError>>;

    /// Makes the sandbox's storage where there is none, starts the sandbox where it doesn't run, and waits until its
    /// agent daemon answers. However often and from wherever it is called, one sandbox runs in the end.
    fn start<'a>(&'a self, spec: &'a SandboxSpec, log: &'a LogSink) -> BoxFuture<'a, Result<Connection, SandboxError>>;

    /// The connection of a sandbox that runs; `None` when it doesn't run or is about to end.
    fn connect(&self, session: SessionId) -> BoxFuture<'_, Result<Option<Connection>, SandboxError>>;

    /// Gives the sandbox's proxy another configuration, which is in force from the next request on. Does nothing where the sandbox
    /// doesn't run: it is started with one.
    fn configure<'a>(&'a self, session: SessionId, network: &'a Secret) -> BoxFuture<'a, Result<(), SandboxError>>;

    /// Looks after what a sandbox that runs, as [`Provider::list`] has just said, needs outside of it, and mends it. To be called
    /// every few seconds.
    fn tend<'a>(&'a self, _session: SessionId, _project: &'a ProjectId) -> BoxFuture<'a, Result<(), SandboxError>> {
        Box::pin(async { Ok(()) })
    }

    /// The control API of the proxy of a sandbox that runs.
    fn proxy(&self, session: SessionId) -> BoxFuture<'_, Result<Option<Connection>, SandboxError>>;

    /// Stops the sandbox: process 1 gets SIGTERM and 10 s, then SIGKILL. Its data stays. When this returns, none of
    /// its processes is left.
    fn stop(&self, session: SessionId) -> BoxFuture<'_, Result<(), SandboxError>>;

    /// Stops the sandbox and removes all its data. Nothing is left.
    fn remove(&self, session: SessionId) -> BoxFuture<'_, Result<(), SandboxError>>;

    /// Every sandbox that has something on this host, whether it runs or not.
    fn list(&self) -> BoxFuture<'_, Result<Vec<SandboxStatus>, SandboxError>>;
}

/// What a sandbox should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxSpec {
    /// The session it belongs to.
    pub session: SessionId,
    /// The session's project.
    pub project: ProjectId,
    /// What it may use up.
    pub limits: Limits,
    /// The configuration of its proxy, secrets included: who may be reached, and what is added to requests.
    pub network: Secret,
}

/// A sandbox as its provider sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SandboxStatus {
    /// The session it belongs to.
    pub session: SessionId,
    /// Whether any of it runs.
    pub running: bool,
}

/// Takes the lines that starting a sandbox has to tell a user.
#[derive(Clone)]
pub struct LogSink(Arc<dyn Fn(&str) + Send + Sync>);

impl LogSink {
    /// A sink that hands each line, without its end, to a function. It must not block.
    pub fn new(take: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// A sink that drops every line.
    pub fn discard() -> Self {
        Self::new(|_| ())
    }

    /// Hands over a line.
    pub fn line(&self, text: &str) {
        (self.0)(text);
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogSink")
    }
}
