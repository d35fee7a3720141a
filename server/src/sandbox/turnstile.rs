//! Lets one start, stop or removal of a session through at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use octobot_wire::SessionId;
use tokio::sync::OwnedMutexGuard;

/// One gate for each session that anything is being done with.
#[derive(Debug, Default)]
pub(super) struct Turnstile {
    gates: Mutex<HashMap<SessionId, Arc<tokio::sync::Mutex<()>>>>,
}

impl Turnstile {
    /// Waits until nobody else is at this session. The next one may pass when the guard is dropped.
    pub async fn pass(&self, session: SessionId) -> OwnedMutexGuard<()> {
        let gate = {
            // No code that can panic runs under this lock.
            let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
            // A gate that only the map knows has nobody at it.
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
            Arc::clone(gates.entry(session).or_default())
        };
        gate.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_session_is_passed_by_one_at_a_time_and_others_arent_held_up() {
        let turnstile = Turnstile::default();
        let [a, b] = [1, 2].map(|n| SessionId::new(uuid::Uuid::from_u128(n)));
        let first = turnstile.pass(a).await;
        assert!(turnstile.pass(a).now_or_never().is_none());
        assert!(turnstile.pass(b).now_or_never().is_some());
        drop(first);
        assert!(turnstile.pass(a).now_or_never().is_some());
        assert_eq!(turnstile.gates.lock().unwrap().len(), 1, "gates without anybody are gone");
    }
}
