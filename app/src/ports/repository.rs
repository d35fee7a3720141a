//! The port that is about the repositories of sessions.

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

use super::{Answer, Caller};

/// The repositories of sessions, which are there while their sandboxes run, and what the workspaces take over of them.
pub trait Repository: Send + Sync {
    /// Where a session's repository stands.
    fn state<'a>(&'a self, caller: Caller, project: &'a ProjectId, session: SessionId) -> Answer<'a, RepositoryState>;
    /// Its commits.
    fn log<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        query: LogQuery,
    ) -> Answer<'a, CommitPage>;
    /// Where lines of a file are from.
    fn blame<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        query: BlameQuery,
    ) -> Answer<'a, Blame>;
    /// The branches.
    fn branches<'a>(&'a self, caller: Caller, project: &'a ProjectId, session: SessionId) -> Answer<'a, Branches>;
    /// Makes a branch where HEAD is, and checks it out.
    fn make_branch<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: MakeBranch,
    ) -> Answer<'a, Branches>;
    /// Checks a branch out.
    fn check_out<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: CheckoutBranch,
    ) -> Answer<'a, CheckoutOutcome>;
    /// Fetches the branches of `origin`.
    fn fetch_origin<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
    ) -> Answer<'a, FetchOutcome>;
    /// The changes of a file between its last commit, what is staged, and what it is.
    fn hunks<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        query: &'a HunksQuery,
    ) -> Answer<'a, FileHunks>;
    /// Stages changes, or takes them back from what is staged.
    fn stage<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: StageChanges,
    ) -> Answer<'a, ()>;
    /// Stages lines of the difference since the session started, or takes them back.
    fn stage_lines<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: StageLines,
    ) -> Answer<'a, LinesStaged>;
    /// Commits changes.
    fn commit<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: MakeCommit,
    ) -> Answer<'a, LoggedCommit>;
    /// Puts files back to what the last commit has.
    fn discard<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: DiscardChanges,
    ) -> Answer<'a, Discarded>;
    /// Puts lines of a file back to what it had when the session started, or before a turn.
    fn discard_lines<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: DiscardLines,
    ) -> Answer<'a, Discarded>;
    /// Brings back what was thrown away by that.
    fn undo_discard<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        number: u32,
    ) -> Answer<'a, ()>;
    /// Has the agent commit what isn't committed.
    fn ask_to_commit<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: AskToCommit,
    ) -> Answer<'a, AskedToCommit>;
    /// Puts what the session made onto the branch that its workspace is on.
    fn apply<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: ApplyChanges,
    ) -> Answer<'a, ApplyOutcome>;
    /// Pushes what the session made to where the workspace's code comes from, as a branch.
    fn push<'a>(&'a self, caller: Caller, project: &'a ProjectId, session: SessionId) -> Answer<'a, Pushed>;
    /// The pull requests that were opened for what a session made, the latest first.
    fn pull_requests<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
    ) -> Answer<'a, Vec<PullRequest>>;
    /// What one could say, and where it would be opened.
    fn propose_pull_request<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
    ) -> Answer<'a, PullRequestProposal>;
    /// Pushes what a session made and opens one, or finds the one that is open.
    fn open_pull_request<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        request: OpenPullRequest,
    ) -> Answer<'a, OpenedPullRequest>;
    /// Asks the forge where one stands.
    fn look_at_pull_request<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        number: u64,
    ) -> Answer<'a, PullRequest>;
    /// Closes one; its branch stays.
    fn close_pull_request<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        number: u64,
    ) -> Answer<'a, PullRequest>;
    /// Puts that branch back to where it was, unless it has moved since.
    fn undo_apply<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
        applied: Applied,
    ) -> Answer<'a, ()>;
}
