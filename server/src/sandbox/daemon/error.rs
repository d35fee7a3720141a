//! Why a call of the agent daemon failed.

use std::io;
use std::time::Duration;

use http::StatusCode;
use octobot_wire::daemon::DaemonProblem;

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Nobody listens: the sandbox doesn't run, or not yet.
    #[error("the agent daemon can't be reached at {endpoint}")]
    Unreachable {
        /// Where it was looked for.
        endpoint: String,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody listens, but doesn't answer.
    #[error("the agent daemon didn't answer within {} s", waited.as_secs())]
    NoAnswer {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The daemon understood the call and says no.
    #[error("the agent daemon refused: {problem}")]
    Refused {
        /// The status it answered with.
        status: StatusCode,
        /// Why.
        problem: DaemonProblem,
    },
    /// The connection broke, or what came over it isn't HTTP.
    #[error("the connection to the agent daemon broke")]
    Protocol(#[source] hyper::Error),
    /// The answer's body broke off or was longer than any answer is.
    #[error("the agent daemon's answer couldn't be read")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer isn't what the API promises: daemon and server are of different versions.
    #[error("the agent daemon's answer isn't understood; it may be older or newer than this server")]
    Json(#[source] serde_json::Error),
    /// A line of the event log is longer than any event.
    #[error("the agent daemon sent a line of more than {max_bytes} bytes")]
    LineTooLong {
        /// The longest line that is read.
        max_bytes: usize,
    },
    /// The request couldn't be put into HTTP.
    #[error("the request to the agent daemon isn't valid")]
    Request(#[source] http::Error),
}
