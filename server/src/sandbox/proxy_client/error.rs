//! Why a call of a proxy's control API failed.

use std::io;
use std::time::Duration;

use http::StatusCode;

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// Nobody listens: the proxy doesn't run, or not yet.
    #[error("the proxy can't be reached at {endpoint}")]
    Unreachable {
        /// Where it was looked for.
        endpoint: String,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody listens, but doesn't answer.
    #[error("the proxy didn't answer within {} s", waited.as_secs())]
    NoAnswer {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The proxy understood the call and says no.
    #[error("the proxy refused with {status}: {detail}")]
    Refused {
        /// The status it answered with.
        status: StatusCode,
        /// Why.
        detail: String,
    },
    /// The connection broke, or what came over it isn't HTTP.
    #[error("the connection to the proxy broke")]
    Protocol(#[source] hyper::Error),
    /// The answer's body broke off or was longer than any answer is.
    #[error("the proxy's answer couldn't be read")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer isn't what the API promises: proxy and server are of different versions.
    #[error("the proxy's answer isn't understood; it may be older or newer than this server")]
    Json(#[source] serde_json::Error),
    /// A line of a stream is longer than any record.
    #[error("the proxy sent a line of more than {max_bytes} bytes")]
    LineTooLong {
        /// The longest line that is read.
        max_bytes: usize,
    },
    /// The request couldn't be put into HTTP.
    #[error("the request to the proxy isn't valid")]
    Request(#[source] http::Error),
}
