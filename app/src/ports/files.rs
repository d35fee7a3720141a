//! The port through which files of sessions are changed by hand.

use octobot_wire::code::{FileText, MoveEntry, SaveText, TextSaved, Trashed};
use octobot_wire::{ProjectId, SessionId};

use super::{Answer, Caller};

/// The files of sessions, while their sandboxes run. Pages upload by a request of the REST API, and follow a search by another.
pub trait Files: Send + Sync {
    /// A file to be edited; of a link, the file that it leads to.
    fn text<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        path: &'a str,
    ) -> Answer<'a, FileText>;
    /// Saves a text, unless somebody else has changed the file since.
    fn save_text<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: SaveText,
    ) -> Answer<'a, TextSaved>;
    /// A file of Markdown as blocks of sanitised HTML.
    fn preview<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        path: &'a str,
    ) -> Answer<'a, Vec<String>>;
    /// Makes a folder.
    fn make_folder<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        path: &'a str,
    ) -> Answer<'a, ()>;
    /// Gives a file or folder another path.
    fn move_entry<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: MoveEntry,
    ) -> Answer<'a, ()>;
    /// Deletes a file or folder, so that it can be brought back.
    fn delete_entry<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        path: &'a str,
    ) -> Answer<'a, Trashed>;
    /// Brings back what was deleted.
    fn restore_entry<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        trashed: Trashed,
    ) -> Answer<'a, ()>;
}
