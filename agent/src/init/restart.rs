//! When a daemon that died is started again. Pure: deaths in, delays out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// So many deaths …
const TOO_MANY: usize = 5;

/// … within this time mean that starting it again won't help.
const WINDOW: Duration = Duration::from_secs(10);

/// The delay after the second death within the window; it doubles with each further one.
const FIRST_DELAY: Duration = Duration::from_millis(100);

/// The recent deaths of the daemon.
#[derive(Debug, Default)]
pub struct Restarts {
    deaths: VecDeque<Instant>,
}

impl Restarts {
    /// How long to wait before the daemon is started again, less than a second; none when it dies too often.
    pub fn after_death(&mut self, now: Instant) -> Option<Duration> {
        while self.deaths.front().is_some_and(|&death| now.duration_since(death) >= WINDOW) {
            self.deaths.pop_front();
        }
        self.deaths.push_back(now);
        match self.deaths.len() {
            1 => Some(Duration::ZERO),
            TOO_MANY.. => None,
            deaths => Some(FIRST_DELAY * (1 << (deaths - 2))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_dies_now_and_then_is_started_at_once() {
        let start = Instant::now();
        let mut restarts = Restarts::default();
        for death in 0..20 {
            assert_eq!(restarts.after_death(start + WINDOW * death), Some(Duration::ZERO));
        }
    }

    #[test]
    fn delays_grow_and_the_fifth_death_within_ten_seconds_is_the_last() {
        let start = Instant::now();
        let mut restarts = Restarts::default();
        let delays = [0, 1, 2, 3, 4].map(|second| restarts.after_death(start + Duration::from_secs(second)));
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(delays, [ms(0), ms(100), ms(200), ms(400), None]);
    }
}
