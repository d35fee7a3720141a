//! The one place where time and randomness enter. Everything else takes them as parameters.

use std::time::{SystemTime, UNIX_EPOCH};

use octobot_wire::Timestamp;
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Makes identifiers that nobody can guess and that sort roughly by age.
pub trait IdSource: Send + Sync {
    /// A new identifier.
    fn fresh(&self) -> Uuid;
}

/// The machine's clock and random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the edge that the rule points to")]
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

impl IdSource for Machine {
    fn fresh(&self) -> Uuid {
        #[expect(clippy::disallowed_methods, reason = "this is the edge that the rule points to")]
        Uuid::now_v7()
    }
}
