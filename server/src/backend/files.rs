//! The port through which files of sessions are changed by hand.

use octobot_app::ports::{Answer, Caller, Files};
use octobot_wire::code::{FileText, MoveEntry, SaveText, TextSaved, Trashed};
use octobot_wire::{ProjectId, SessionId};

use super::answer;
use crate::services::CodeService;

impl Files for CodeService {
    fn text<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        path: &'a str,
    ) -> Answer<'a, FileText> {
        answer(self.text(caller, project, session, path), |text| text)
    }

    fn save_text<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: SaveText,
    ) -> Answer<'a, TextSaved> {
        answer(self.save_text(caller, project, session, request), |saved| saved)
    }

    fn preview<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        path: &'a str,
    ) -> Answer<'a, Vec<String>> {
        answer(self.preview(caller, project, session, path), |blocks| blocks)
    }

    fn make_folder<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        path: &'a str,
    ) -> Answer<'a, ()> {
        answer(self.make_folder(caller, project, session, path), |()| ())
    }

    fn move_entry<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: MoveEntry,
    ) -> Answer<'a, ()> {
        answer(self.move_entry(caller, project, session, request), |()| ())
    }

    fn delete_entry<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        path: &'a str,
    ) -> Answer<'a, Trashed> {
        answer(self.delete_entry(caller, project, session, path), |trashed| trashed)
    }

    fn restore_entry<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        trashed: Trashed,
    ) -> Answer<'a, ()> {
        answer(self.restore_entry(caller, project, session, trashed), |()| ())
    }
}
