//! The time of day: the one place that asks for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Tells the time.
pub type Clock = fn() -> SystemTime;

/// The system's clock.
#[expect(clippy::disallowed_methods, reason = "this is where the time comes in")]
pub fn system() -> SystemTime {
    SystemTime::now()
}

/// A time as RFC 3339 writes it, in UTC and to the millisecond.
pub fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    // Whole milliseconds keep the text short.
    let since = Duration::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    (OffsetDateTime::UNIX_EPOCH + since).format(&Rfc3339).expect("every year that a clock shows has four digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_milliseconds() {
        assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_micros(1_763_000_000_123_456)), "2025-11-13T02:13:20.123Z");
    }
}
