//! The port that is about terminals.

use octobot_app::ports::{Answer, Caller, Terminals};
use octobot_wire::terminal::{OpenTerminal, RenameTerminal, Terminal, TerminalMatches, TerminalQuery};
use octobot_wire::{ProjectId, SessionId, TerminalId};

use super::answer;
use crate::services::TerminalService;

impl Terminals for TerminalService {
    fn list<'a>(&'a self, caller: Caller, project: &'a ProjectId, session: SessionId) -> Answer<'a, Vec<Terminal>> {
        answer(self.list(caller, project, session), |terminals| terminals)
    }

    fn open<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: OpenTerminal,
    ) -> Answer<'a, Terminal> {
        answer(self.open(caller, project, session, request), |terminal| terminal)
    }

    fn rename<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        terminal: TerminalId,
        request: RenameTerminal,
    ) -> Answer<'a, Terminal> {
        answer(self.rename(caller, project, session, terminal, request), |terminal| terminal)
    }

    fn close<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        terminal: TerminalId,
    ) -> Answer<'a, ()> {
        answer(self.close(caller, project, session, terminal), |()| ())
    }

    fn search<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        query: TerminalQuery,
    ) -> Answer<'a, TerminalMatches> {
        answer(self.search(caller, project, session, query), |matches| matches)
    }
}
