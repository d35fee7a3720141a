//! Sandboxes that no session of the store has: stopped when they are found, removed after a grace, in which a person who
//! restored the wrong database may notice. Pure: what was found in, what to do out.

use std::collections::{HashMap, HashSet};

use octobot_wire::{SessionId, Timestamp};

/// How long an orphan is kept, in milliseconds.
const GRACE_MS: u64 = 20_000;

/// The orphans that are known, and since when.
#[derive(Debug, Default)]
pub(super) struct Orphans {
    since: HashMap<SessionId, Timestamp>,
}

/// What is to be done with an orphan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// It is new: stop it.
    Stop(SessionId),
    /// Its time is over: remove it.
    Remove(SessionId),
}

impl Orphans {
    /// Takes those that there are now, and forgets the others.
    pub(super) fn observe(&mut self, found: &HashSet<SessionId>, now: Timestamp) -> Vec<Treatment> {
        self.since.retain(|session, _| found.contains(session));
        let treat = |&session: &SessionId| match self.since.get(&session) {
            None => {
                self.since.insert(session, now);
                Some(Treatment::Stop(session))
            }
            Some(since) => (now.ms_since(*since) >= GRACE_MS).then_some(Treatment::Remove(session)),
        };
        found.iter().filter_map(treat).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(number: u128) -> SessionId {
        SessionId::new(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn an_orphan_is_stopped_at_once_and_removed_after_the_grace() {
        let mut orphans = Orphans::default();
        let found = HashSet::from([session(1)]);
        assert_eq!(orphans.observe(&found, Timestamp(0)), [Treatment::Stop(session(1))]);
        assert_eq!(orphans.observe(&found, Timestamp(10_000)), []);
        assert_eq!(orphans.observe(&found, Timestamp(20_000)), [Treatment::Remove(session(1))]);
        assert_eq!(orphans.observe(&found, Timestamp(30_000)), [Treatment::Remove(session(1))], "until it is gone");
    }

    #[test]
    fn one_that_was_claimed_meanwhile_has_its_whole_grace_again() {
        let mut orphans = Orphans::default();
        let found = HashSet::from([session(1)]);
        orphans.observe(&found, Timestamp(0));
        assert_eq!(orphans.observe(&HashSet::new(), Timestamp(15_000)), []);
        assert_eq!(orphans.observe(&found, Timestamp(30_000)), [Treatment::Stop(session(1))]);
    }
}
