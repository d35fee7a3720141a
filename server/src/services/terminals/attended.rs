//! Which sessions have a terminal that somebody looks at: their sandboxes aren't idle.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use octobot_wire::SessionId;

/// See the module.
#[derive(Debug, Default)]
pub struct Attended {
    readers: Mutex<HashMap<SessionId, usize>>,
}

/// Somebody looks, until this is dropped.
#[derive(Debug)]
pub struct Attendance {
    session: SessionId,
    attended: Arc<Attended>,
}

impl Attended {
    /// Somebody begins to look.
    pub fn attend(self: &Arc<Self>, session: SessionId) -> Attendance {
        *self.readers().entry(session).or_default() += 1;
        Attendance { session, attended: Arc::clone(self) }
    }

    /// Whether anybody looks at one of a session's terminals.
    pub fn is_attended(&self, session: SessionId) -> bool {
        self.readers().contains_key(&session)
    }

    fn readers(&self) -> MutexGuard<'_, HashMap<SessionId, usize>> {
        // Nothing that can panic runs under this lock.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        let mut readers = self.attended.readers();
        if let Some(count) = readers.get_mut(&self.session) {
            *count -= 1;
            if *count == 0 {
                readers.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_session_is_attended_until_the_last_reader_goes() {
        let (attended, session) = (Arc::new(Attended::default()), SessionId::new(Uuid::nil()));
        let (first, second) = (attended.attend(session), attended.attend(session));
        drop(first);
        assert!(attended.is_attended(session));
        drop(second);
        assert!(!attended.is_attended(session));
    }
}
