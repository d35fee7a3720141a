//! The port that is about the repositories of sessions.

use octobot_app::ports::{Answer, Caller, Repository};
use octobot_wire::code::branches::{Branches, CheckoutBranch, CheckoutOutcome, FetchOutcome, MakeBranch};
use octobot_wire::code::pull_request::{OpenPullRequest, OpenedPullRequest, PullRequest, PullRequestProposal};
use octobot_wire::code::repository::{
    Applied, ApplyChanges, ApplyOutcome, CommitPage, DiscardChanges, Discarded, LogQuery, LoggedCommit, MakeCommit,
    Pushed, RepositoryState,
};
use octobot_wire::code::{
    AskToCommit, AskedToCommit, Blame, BlameQuery, DiscardLines, FileHunks, HunksQuery, LinesStaged, StageChanges,
    StageLines,
};
use octobot_wire::{ProjectId, SessionId};

use super::answer;
use crate::domain;
use crate::services::CodeService;

impl Repository for CodeService {
    fn state<'a>(&'a self, caller: Caller, project: &'a ProjectId, session: SessionId) -> Answer<'a, RepositoryState> {
        answer(self.repository(caller, project, session), |state| state)
    }

    fn log<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        query: LogQuery,
    ) -> Answer<'a, CommitPage> {
        answer(self.log(caller, project, session, query), |page| page)
    }

    fn blame<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        query: BlameQuery,
    ) -> Answer<'a, Blame> {
        answer(self.blame(caller, project, session, query), |blame| blame)
    }

    fn branches<'a>(&'a self, caller: Caller, project: &'a ProjectId, session: SessionId) -> Answer<'a, Branches> {
        answer(self.branches(caller, project, session), |told| told)
    }

    fn make_branch<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: MakeBranch,
    ) -> Answer<'a, Branches> {
        answer(self.make_branch(caller, project, session, request), |told| told)
    }

    fn check_out<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: CheckoutBranch,
    ) -> Answer<'a, CheckoutOutcome> {
        answer(self.check_out(caller, project, session, request), |told| told)
    }

    fn fetch_origin<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
    ) -> Answer<'a, FetchOutcome> {
        answer(self.fetch_origin(caller, project, session), |told| told)
    }

    fn hunks<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        query: &'a HunksQuery,
    ) -> Answer<'a, FileHunks> {
        answer(self.hunks(caller, project, session, query), |hunks| hunks)
    }

    fn stage<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: StageChanges,
    ) -> Answer<'a, ()> {
        answer(self.stage(caller, project, session, request), |()| ())
    }

    fn stage_lines<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: StageLines,
    ) -> Answer<'a, LinesStaged> {
        answer(self.stage_lines(caller, project, session, request), |staged| staged)
    }

    fn commit<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: MakeCommit,
    ) -> Answer<'a, LoggedCommit> {
        answer(self.commit(caller, project, session, request), |commit| commit)
    }

    fn discard<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: DiscardChanges,
    ) -> Answer<'a, Discarded> {
        answer(self.discard(caller, project, session, request), |discarded| discarded)
    }

    fn discard_lines<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: DiscardLines,
    ) -> Answer<'a, Discarded> {
        answer(self.discard_lines(caller, project, session, request), |discarded| discarded)
    }

    fn undo_discard<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        number: u32,
    ) -> Answer<'a, ()> {
        answer(self.undo_discard(caller, project, session, number), |()| ())
    }

    fn ask_to_commit<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: AskToCommit,
    ) -> Answer<'a, AskedToCommit> {
        answer(self.ask_to_commit(caller, project, session, request), |asked| asked)
    }

    fn apply<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: ApplyChanges,
    ) -> Answer<'a, ApplyOutcome> {
        answer(self.apply(caller, project, session, request), |outcome| outcome)
    }

    fn push<'a>(&'a self, caller: Caller, project: &'a ProjectId, session: SessionId) -> Answer<'a, Pushed> {
        answer(self.push(caller, project, session), |pushed| pushed)
    }

    fn pull_requests<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
    ) -> Answer<'a, Vec<PullRequest>> {
        answer(self.pull_requests(caller, project, session), |known| {
            known.iter().map(domain::PullRequest::to_wire).collect()
        })
    }

    fn propose_pull_request<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
    ) -> Answer<'a, PullRequestProposal> {
        answer(self.propose_pull_request(caller, project, session), |proposal| proposal)
    }

    fn open_pull_request<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: OpenPullRequest,
    ) -> Answer<'a, OpenedPullRequest> {
        let to_wire = |(request, was_open): (domain::PullRequest, bool)| OpenedPullRequest {
            pull_request: request.to_wire(),
            was_open,
        };
        answer(self.open_pull_request(caller, project, session, request), to_wire)
    }

    fn look_at_pull_request<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        number: u64,
    ) -> Answer<'a, PullRequest> {
        answer(self.look_at_pull_request(caller, project, session, number), |request| request.to_wire())
    }

    fn close_pull_request<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        number: u64,
    ) -> Answer<'a, PullRequest> {
        answer(self.close_pull_request(caller, project, session, number), |request| request.to_wire())
    }

    fn undo_apply<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        applied: Applied,
    ) -> Answer<'a, ()> {
        answer(self.undo_apply(caller, project, session, applied), |()| ())
    }
}
