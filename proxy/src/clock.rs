//! The time of day: the one place that asks for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

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
    let time = OffsetDateTime::UNIX_EPOCH + since;
    // Digit by digit: each request is logged with a time, and a formatter that can do more takes several times as long.
    let mut text = String::with_capacity(LONGEST);
    let mut number = |value: u32, digits: u32, end: char| {
        let digits = (0..digits).rev().map(|place| value / 10_u32.pow(place) % 10);
        text.extend(digits.filter_map(|digit| char::from_digit(digit, 10)));
        text.push(end);
    };
    number(time.year().unsigned_abs(), 4, '-');
    number(u8::from(time.month()).into(), 2, '-');
    number(time.day().into(), 2, 'T');
    number(time.hour().into(), 2, ':');
    number(time.minute().into(), 2, ':');
    number(time.second().into(), 2, '.');
    number(time.millisecond().into(), 3, 'Z');
    text
}

/// `2025-11-13T02:13:20.123Z`, in bytes.
const LONGEST: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_milliseconds() {
        assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_micros(1_763_000_000_123_456)), "2025-11-13T02:13:20.123Z");
        assert_eq!(rfc3339(UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }
}
