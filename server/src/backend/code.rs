//! The port that is about the code of sessions.

use octobot_app::ports::{Answer, Caller, Code};
use octobot_wire::code::{Changes, CodeView, DiffQuery, FileQuery, Folder, Rewound, SavedBranch};
use octobot_wire::{ProjectId, SessionId, TurnId};

use super::answer;
use crate::services::CodeService;

impl Code for CodeService {
    fn changes<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        turn: Option<TurnId>,
    ) -> Answer<'a, Changes> {
        answer(self.changes(caller, project, session, turn), |changes| changes)
    }

    fn rewind<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        turn: TurnId,
        conversation: bool,
    ) -> Answer<'a, Rewound> {
        answer(self.rewind(caller, project, session, turn, conversation), |rewound| rewound)
    }

    fn undo_rewind<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        number: Option<u32>,
    ) -> Answer<'a, Rewound> {
        answer(self.undo_rewind(caller, project, session, number), |rewound| rewound)
    }

    fn diff<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        query: DiffQuery,
    ) -> Answer<'a, CodeView> {
        answer(self.diff(caller, project, session, query), |view| view)
    }

    fn file<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        query: FileQuery,
    ) -> Answer<'a, CodeView> {
        answer(self.file(caller, project, session, query), |view| view)
    }

    fn folder<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        path: &'a str,
    ) -> Answer<'a, Folder> {
        answer(self.folder(caller, project, session, path), |folder| folder)
    }

    fn save_branch<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
    ) -> Answer<'a, SavedBranch> {
        answer(self.save_branch(caller, project, session), |saved| saved)
    }

    fn undo_branch<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        saved: SavedBranch,
    ) -> Answer<'a, ()> {
        answer(self.undo_branch(caller, project, session, saved), |()| ())
    }
}
