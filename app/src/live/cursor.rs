//! Which events a tab has already seen, in its frame and in the session it shows.

use octobot_wire::event::ProjectEvent;

/// How far the views reach. The frame and the session are loaded at different moments, so each has its own number;
/// the stream is followed from the smaller, and what a view already includes is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    project: u64,
    session: Option<u64>,
}

/// Whom an event still concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concerns {
    /// The frame.
    Project,
    /// The transcript on the page.
    Session,
    /// Nobody: it is included already.
    Nobody,
}

impl Cursor {
    /// A cursor for a frame that includes everything up to `as_of`.
    pub fn new(as_of: u64) -> Self {
        Self { project: as_of, session: None }
    }

    /// A session was loaded that includes everything up to `as_of`.
    pub fn show_session(&mut self, as_of: u64) {
        self.session = Some(as_of);
    }

    /// No session is shown any more.
    pub fn hide_session(&mut self) {
        self.session = None;
    }

    /// The frame was loaded again.
    pub fn reset_project(&mut self, as_of: u64) {
        self.project = as_of;
    }

    /// The number after which the stream has to go on.
    pub fn after(self) -> u64 {
        self.session.map_or(self.project, |session| session.min(self.project))
    }

    /// Notes an event, and says whom it still concerns.
    pub fn note(&mut self, event: &ProjectEvent) -> Concerns {
        let seen = if event.change.transcript_of().is_some() {
            self.session.as_mut().map(|session| (session, Concerns::Session))
        } else {
            Some((&mut self.project, Concerns::Project))
        };
        match seen {
            Some((seen, whom)) if event.number > *seen => {
                *seen = event.number;
                whom
            }
            _ => Concerns::Nobody,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use octobot_wire::event::Change;
    use octobot_wire::{SessionId, TurnId, WorkspaceId};
    use uuid::Uuid;

    fn in_frame(number: u64) -> ProjectEvent {
        ProjectEvent { number, change: Change::WorkspaceRemoved { workspace_id: WorkspaceId::new(Uuid::nil()) } }
    }

    fn in_transcript(number: u64) -> ProjectEvent {
        let session_id = SessionId::new(Uuid::nil());
        ProjectEvent { number, change: Change::TurnRemoved { session_id, turn_id: TurnId::new(Uuid::nil()) } }
    }

    #[test]
    fn the_stream_goes_on_from_the_older_of_the_two_views() {
        let mut cursor = Cursor::new(10);
        assert_eq!(cursor.after(), 10);
        cursor.show_session(14);
        assert_eq!(cursor.after(), 10);
        cursor.note(&in_frame(16));
        assert_eq!(cursor.after(), 14);
        cursor.hide_session();
        assert_eq!(cursor.after(), 16);
    }

    #[test]
    fn what_a_view_includes_is_dropped_and_so_is_a_repeat() {
        let mut cursor = Cursor::new(10);
        cursor.show_session(14);
        assert_eq!(cursor.note(&in_transcript(12)), Concerns::Nobody);
        assert_eq!(cursor.note(&in_frame(12)), Concerns::Project);
        assert_eq!(cursor.note(&in_transcript(15)), Concerns::Session);
        assert_eq!(cursor.note(&in_transcript(15)), Concerns::Nobody);
        assert_eq!(cursor.note(&in_frame(12)), Concerns::Nobody);
    }

    #[test]
    fn a_transcript_that_is_not_shown_concerns_nobody() {
        assert_eq!(Cursor::new(1).note(&in_transcript(2)), Concerns::Nobody);
    }
}
