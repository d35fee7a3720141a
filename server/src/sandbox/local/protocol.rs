//! What the server tells a supervisor on its standard input, and what that answers on its standard output: one JSON
//! value each way. Plain data, no I/O.
//!
//! Both are the same program, but after an upgrade of the server not the same version of it; so nothing is said after
//! the answer. From then on the lock and the signals speak.

use std::fmt;
use std::io;
use std::path::PathBuf;

use octobot_wire::SessionId;
use serde::{Deserialize, Serialize};

use crate::sandbox::Limits;

/// What a supervisor should do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Order {
    /// Make a sandbox and stay with it until it ends.
    Supervise(Plan),
    /// Make an empty sandbox that ends at once, to see whether this host allows it.
    Probe(Plan),
}

impl Order {
    /// The session that it is about.
    pub fn session(&self) -> SessionId {
        match self {
            Self::Supervise(plan) | Self::Probe(plan) => plan.session,
        }
    }
}

/// The sandbox to make.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Plan {
    /// The session; from it follows which user ids the sandbox gets.
    pub session: SessionId,
    /// The session's folder.
    pub folder: PathBuf,
    /// The agent binary on the host.
    pub agent: PathBuf,
    /// Folders of the host that are shown at the same place, read-only.
    pub tool_dirs: Vec<PathBuf>,
    /// What the sandbox may use up.
    pub limits: Limits,
    /// Its proxy.
    pub proxy: ProxyPlan,
}

/// The proxy of a sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProxyPlan {
    /// The `octobot-proxy` binary.
    pub program: PathBuf,
    /// Its configuration.
    pub config: PathBuf,
    /// The folder of its cache, which it shares with others.
    pub cache: PathBuf,
    /// Who may have what it fetched with credentials.
    pub tenant: String,
}

/// What came of an order.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Report {
    /// Process 1 runs.
    Started {
        /// The limits that couldn't be set, each as a sentence.
        missing_limits: Vec<String>,
    },
    /// Another supervisor holds this session's lock.
    AlreadyRunning,
    /// A step failed. Nothing is left of what was made before it.
    Failed(SetupError),
}

/// A step of making a sandbox that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetupError {
    /// Which step.
    pub step: Step,
    /// What it was about, where there are several: a path mostly.
    pub subject: Option<String>,
    /// The system's error number; 0 where the step failed otherwise.
    pub errno: i32,
}

impl SetupError {
    /// Makes a constructor for `map_err`.
    pub fn at<E: Into<io::Error>>(step: Step) -> impl FnOnce(E) -> Self {
        move |error| Self { step, subject: None, errno: error.into().raw_os_error().unwrap_or(0) }
    }

    /// Makes a constructor for `map_err` of a step that is about a path.
    pub fn about<E: Into<io::Error>>(step: Step, subject: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |error| Self { subject: Some(subject.to_string()), ..Self::at(step)(error) }
    }
}

impl std::error::Error for SetupError {}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.step.description())?;
        if let Some(subject) = &self.subject {
            write!(f, " {subject}")?;
        }
        match self.errno {
            0 => write!(f, " failed"),
            errno => write!(f, " failed: {}", io::Error::from_raw_os_error(errno)),
        }
    }
}

/// A step of making a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Step {
    /// Taking the session's lock, reading and writing the supervisor's own files.
    Bookkeeping,
    /// Making the session's folders and giving them to the sandbox's user.
    Folders,
    /// Ending what an earlier supervisor left.
    Predecessor,
    /// `clone` with new namespaces.
    Namespaces,
    /// Writing `uid_map`, `gid_map` and `setgroups`.
    IdMaps,
    /// Waiting for the supervisor, or it for process 1.
    Handshake,
    /// Making the network, whose only way out is the proxy.
    Network,
    /// Starting the proxy.
    Proxy,
    /// Taking a part of the host's file system along.
    Grab,
    /// Mounting a `tmpfs`.
    Tmpfs,
    /// Mounting `/proc`.
    Proc,
    /// Mounting `/dev/pts`.
    Pts,
    /// Putting something into the new root.
    Place,
    /// Making the new root the root.
    Pivot,
    /// Giving up rights.
    Rights,
    /// Executing the agent.
    Exec,
}

impl Step {
    fn description(self) -> &'static str {
        match self {
            Self::Bookkeeping => "keeping the supervisor's files",
            Self::Folders => "preparing the folder",
            Self::Predecessor => "ending the session's earlier sandbox",
            Self::Namespaces => "making new namespaces",
            Self::IdMaps => "mapping user ids",
            Self::Handshake => "talking to process 1",
            Self::Network => "making the network",
            Self::Proxy => "starting the proxy",
            Self::Grab => "taking along",
            Self::Tmpfs => "mounting an empty file system",
            Self::Proc => "mounting /proc",
            Self::Pts => "mounting /dev/pts",
            Self::Place => "placing",
            Self::Pivot => "changing the root",
            Self::Rights => "giving up rights",
            Self::Exec => "executing the agent",
        }
    }
}
