//! The one place that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use octobot_wire::Timestamp;

/// Tells the time; a parameter, so that tests can set it.
pub type Clock = fn() -> Timestamp;

/// The time of the machine.
#[expect(clippy::disallowed_methods, reason = "the edge at which time enters the daemon")]
pub fn system() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
