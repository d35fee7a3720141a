//! How attempts become few records: the first of its kind is told at once, what follows within a second is counted and told
//! when that is over. Pure: time comes in.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use octobot_inlet::packets::Attempt;

/// There is no more than one record of an attempt in this time.
const WINDOW: Duration = Duration::from_secs(1);

/// How many different attempts are told apart at a time. What comes beside them, as from somebody who tries all ports, is counted
/// together.
const MOST: usize = 128;

/// What is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What was tried; nothing if it was too much to tell apart.
    pub attempt: Option<Attempt>,
    /// How many times.
    pub times: u64,
}

/// What was tried of late.
#[derive(Debug, Default)]
pub struct Tally {
    windows: HashMap<Option<Attempt>, Window>,
}

#[derive(Debug)]
struct Window {
    end: Instant,
    /// What hasn't been told.
    times: u64,
}

impl Tally {
    /// Notes an attempt, and returns it if it is told at once.
    pub fn see(&mut self, attempt: Attempt, now: Instant) -> Option<Told> {
        let is_full = self.windows.len() >= MOST;
        let key = Some(attempt).filter(|_| !is_full || self.windows.contains_key(&Some(attempt)));
        if let Some(window) = self.windows.get_mut(&key) {
            window.times += 1;
            return None;
        }
        let told = key.map(|attempt| Told { attempt: Some(attempt), times: 1 });
        let times = u64::from(told.is_none());
        self.windows.insert(key, Window { end: now + WINDOW, times });
        told
    }

    /// When something is to be done next.
    pub fn due(&self) -> Option<Instant> {
        self.windows.values().map(|window| window.end).min()
    }

    /// Ends the seconds that are over. What was told may be told again after another one.
    pub fn close(&mut self, now: Instant, told: &mut Vec<Told>) {
        self.windows.retain(|attempt, window| {
            if now < window.end {
                return true;
            }
            let times = std::mem::take(&mut window.times);
            window.end = now + WINDOW;
            if times > 0 {
                told.push(Told { attempt: *attempt, times });
            }
            times > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use octobot_inlet::packets::Transport;

    fn to(port: u16) -> Attempt {
        Attempt { transport: Transport::Tcp, address: [203, 0, 113, 7].into(), port }
    }

    fn closed(tally: &mut Tally, now: Instant) -> Vec<Told> {
        let mut told = Vec::new();
        tally.close(now, &mut told);
        told
    }

    #[test]
    fn the_first_attempt_is_told_at_once_and_the_others_counted() {
        let (mut tally, start) = (Tally::default(), Instant::now());
        assert_eq!(tally.see(to(25), start), Some(Told { attempt: Some(to(25)), times: 1 }));
        assert!((0..1000).all(|_| tally.see(to(25), start).is_none()));
        assert_eq!(tally.see(to(26), start).map(|told| told.times), Some(1));
        assert_eq!(closed(&mut tally, start + WINDOW / 2), []);
        assert_eq!(tally.due(), Some(start + WINDOW));
        assert_eq!(closed(&mut tally, start + WINDOW), [Told { attempt: Some(to(25)), times: 1000 }]);
        // A second without any is the end of it.
        assert_eq!(closed(&mut tally, start + 2 * WINDOW), []);
        assert_eq!(tally.due(), None);
    }

    #[test]
    fn who_tries_everything_makes_few_records() {
        let (mut tally, start) = (Tally::default(), Instant::now());
        let told = (1..=60_000).filter_map(|port| tally.see(to(port), start)).count();
        assert_eq!(told, MOST);
        let rest = 60_000 - MOST as u64;
        assert_eq!(closed(&mut tally, start + WINDOW), [Told { attempt: None, times: rest }]);
        assert_eq!(closed(&mut tally, start + 2 * WINDOW), []);
        assert!(tally.windows.is_empty());
    }
}
