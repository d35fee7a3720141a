//! Times and durations in words.

use octobot_wire::Timestamp;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How long ago something was, in as few letters as a list has room for; the date when it is longer than a month.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.ms_since(at) {
        ms if ms < MINUTE_MS => "now".to_owned(),
        ms if ms < HOUR_MS => format!("{}m", ms / MINUTE_MS),
        ms if ms < DAY_MS => format!("{}h", ms / HOUR_MS),
        ms if ms < 31 * DAY_MS => format!("{}d", ms / DAY_MS),
        _ => date(at),
    }
}

/// The same where it stands alone: "5m ago", "just now".
pub fn ago_in_full(at: Timestamp, now: Timestamp) -> String {
    match now.ms_since(at) {
        ms if ms < MINUTE_MS => "just now".to_owned(),
        ms if ms < 31 * DAY_MS => format!("{} ago", ago(at, now)),
        _ => date(at),
    }
}

/// Day and month, in UTC: what the server can say without knowing the reader's clock.
pub fn day(at: Timestamp) -> String {
    let (_, month, day) = civil(at);
    format!("{day} {}", MONTHS[month - 1])
}

/// The date, in UTC.
pub fn date(at: Timestamp) -> String {
    let (year, month, day) = civil(at);
    format!("{day} {} {year}", MONTHS[month - 1])
}

/// As `<time datetime>` wants it.
pub fn iso(at: Timestamp) -> String {
    let (year, month, day) = civil(at);
    let ms = at.0.rem_euclid(86_400_000);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A duration: "0.4 s", "12 s", "3 min 5 s", "2 h 10 min".
pub fn duration(ms: u64) -> String {
    let seconds = ms / 1_000;
    match ms {
        0..10_000 => format!("{}.{} s", seconds, ms % 1_000 / 100),
        10_000..MINUTE_MS => format!("{seconds} s"),
        MINUTE_MS..HOUR_MS => format!("{} min {} s", seconds / 60, seconds % 60),
        HOUR_MS.. => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// A number with its thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Year, month (1 to 12) and day of a time, in UTC. Howard Hinnant's `civil_from_days`: years begin in March, so that
/// the leap day is the last one.
fn civil(at: Timestamp) -> (i64, usize, i64) {
    let days = at.0.div_euclid(86_400_000) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, usize::try_from(month).expect("a month is 1 to 12"), day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_around_leap_days_and_before_the_epoch() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(iso(Timestamp(ms)), text);
        }
        assert_eq!(date(Timestamp(951_782_400_000)), "29 Feb 2000");
        assert_eq!(day(Timestamp(951_782_400_000)), "29 Feb");
    }

    #[test]
    fn what_happened_just_now_or_by_a_slow_clock_in_the_future_is_now() {
        assert_eq!(ago(Timestamp(1_000), Timestamp(0)), "now");
        assert_eq!(ago(Timestamp(0), Timestamp(59_999)), "now");
        assert_eq!(ago(Timestamp(0), Timestamp(3_600_000)), "1h");
        assert_eq!(ago_in_full(Timestamp(0), Timestamp(0)), "just now");
        assert_eq!(ago_in_full(Timestamp(0), Timestamp(3_600_000)), "1h ago");
    }

    #[test]
    fn durations_are_as_exact_as_they_are_short() {
        let words: Vec<_> = [0, 1_234, 59_999, 185_000, 7_800_000].map(duration).into();
        assert_eq!(words, ["0.0 s", "1.2 s", "59 s", "3 min 5 s", "2 h 10 min"]);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([7, 999, 1_234, 1_000_000].map(grouped), ["7", "999", "1,234", "1,000,000"]);
    }
}
