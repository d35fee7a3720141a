//! Comparisons that were looked at lately, so that scrolling through one doesn't make it again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use octobot_wire::SessionId;
use octobot_wire::code::ChangedFile;

use super::view::Compared;

/// So many are held.
const MOST: usize = 16;

/// So many bytes of files they may have together.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Whose comparison it is, of which file, in which state.
type Key = (SessionId, String, String);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<VecDeque<(Key, Arc<Compared>)>>);

impl Held {
    /// The comparison of a file in this state.
    pub(super) fn get(&self, session: SessionId, file: &ChangedFile) -> Option<Arc<Compared>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(session, file);
        let place = held.iter().position(|(known, _)| *known == key)?;
        let found = held.remove(place)?;
        let comparison = found.1.clone();
        held.push_back(found);
        Some(comparison)
    }

    /// Holds a comparison, and lets go of those that weren't looked at for longest.
    pub(super) fn put(&self, session: SessionId, file: &ChangedFile, comparison: Arc<Compared>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(session, file);
        held.retain(|(known, _)| (known.0, &known.1) != (session, &file.path));
        held.push_back((key, comparison));
        let bytes = |held: &VecDeque<(Key, Arc<Compared>)>| held.iter().map(|(_, known)| known.bytes()).sum::<usize>();
        while held.len() > MOST || held.len() > 1 && bytes(&held) > MOST_BYTES {
            held.pop_front();
        }
    }
}

fn key(session: SessionId, file: &ChangedFile) -> Key {
    (session, file.path.clone(), file.state.clone())
}

#[cfg(test)]
mod tests {
    use octobot_wire::code::{ChangeKind, FileKind};
    use uuid::Uuid;

    use super::super::Side;
    use super::*;

    fn file(path: &str, state: &str) -> ChangedFile {
        ChangedFile {
            path: path.to_owned(),
            old_path: None,
            change: ChangeKind::Modified,
            kind: FileKind::File,
            old_kind: None,
            lines: None,
            state: state.to_owned(),
        }
    }

    #[tokio::test]
    async fn the_comparison_of_a_state_is_held_until_others_take_its_place() {
        let (held, session) = (Held::default(), SessionId::new(Uuid::from_u128(1)));
        let empty = Arc::new(super::super::view::compare(String::new(), Side::Nothing, Side::Nothing).await.unwrap());
        held.put(session, &file("a", "1"), empty.clone());
        assert!(held.get(session, &file("a", "1")).is_some());
        assert!(held.get(session, &file("a", "2")).is_none());
        assert!(held.get(SessionId::new(Uuid::from_u128(2)), &file("a", "1")).is_none());
        held.put(session, &file("a", "2"), empty.clone());
        assert!(held.get(session, &file("a", "1")).is_none());
        for number in 0..MOST {
            held.put(session, &file(&number.to_string(), ""), empty.clone());
        }
        assert!(held.get(session, &file("a", "2")).is_none());
    }
}
