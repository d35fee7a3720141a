//! Sessions and how their state changes.

use octobot_proxy::policy::Phase;
use octobot_wire::code::{CommitFlow, CommitFlowState};
use octobot_wire::name::name_from_prompt;
use octobot_wire::session::{Isolation, SessionStage, SessionState};
use octobot_wire::{AgentId, ProjectId, SessionId, Timestamp, TurnId, WorkspaceId, session as wire};

use super::InvalidTransition;
use super::network::RepositoryPolicy;

/// What a session is on its way to. The session's job works until it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionGoal {
    /// Its sandbox runs, and queued prompts are delivered.
    Up,
    /// Its sandbox is stopped, its data kept.
    Stopped,
    /// Gone, with all its data.
    Removed,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// The workspace it works in.
    pub workspace_id: WorkspaceId,
    /// The agent it is bound to.
    pub agent_id: AgentId,
    /// Its name, once there was a prompt.
    pub name: Option<String>,
    /// A name that a user gave it.
    pub display_name: Option<String>,
    /// Where it stands.
    pub state: SessionState,
    /// What it is on its way to.
    pub goal: SessionGoal,
    /// How its sandbox is isolated; none before there is one.
    pub isolation: Option<Isolation>,
    /// The number of the last daemon event that the transcript includes.
    pub daemon_events: u64,
    /// Whether its setup script runs, which may reach more than its agent.
    pub phase: Phase,
    /// What its repository says of the network.
    pub repository_policy: Option<RepositoryPolicy>,
    /// The session that it was forked from, which may be gone by now.
    pub forked_from: Option<SessionId>,
    /// How far its agent is with committing what isn't committed; none where it wasn't asked.
    pub commit_flow: Option<CommitFlow>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Session {
    /// A session whose sandbox is still to be made.
    pub fn new(
        id: SessionId,
        project_id: ProjectId,
        workspace_id: WorkspaceId,
        agent_id: AgentId,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            project_id,
            workspace_id,
            agent_id,
            name: None,
            display_name: None,
            state: SessionState::Initializing,
            goal: SessionGoal::Up,
            isolation: None,
            daemon_events: 0,
            phase: Phase::Agent,
            repository_policy: None,
            forked_from: None,
            commit_flow: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Takes its name from the first prompt; later prompts change nothing.
    pub fn named_after(mut self, prompt: &str) -> Self {
        self.name.get_or_insert_with(|| name_from_prompt(prompt));
        self
    }

    /// Whether its sandbox has been made, so that only starting is left.
    pub fn is_built(&self) -> bool {
        self.isolation.is_some()
    }

    /// A user wants it up: a start, a retry, or a prompt.
    pub fn want_up(mut self, now: Timestamp) -> Result<Self, InvalidTransition> {
        self.refuse_if_removing("be started")?;
        if let SessionState::Error { .. } = self.state {
            self.state = SessionState::Initializing;
        }
        self.goal = SessionGoal::Up;
        self.updated_at = now;
        Ok(self)
    }

    /// A user wants it stopped; a sandbox that is being built is cancelled.
    pub fn want_stopped(mut self, now: Timestamp) -> Result<Self, InvalidTransition> {
        self.refuse_if_removing("be stopped")?;
        self.goal = SessionGoal::Stopped;
        self.updated_at = now;
        Ok(self)
    }

    /// A user deletes it.
    pub fn want_removed(mut self, now: Timestamp) -> Self {
        self.goal = SessionGoal::Removed;
        self.state = SessionState::Removing;
        self.updated_at = now;
        self
    }

    /// Enters a stage on the way to a running sandbox.
    pub fn enter(mut self, stage: SessionStage, now: Timestamp) -> Result<Self, InvalidTransition> {
        self.refuse_if_removing("be built")?;
        self.state = match stage {
            SessionStage::Initializing => SessionState::Initializing,
            SessionStage::Cloning => SessionState::Cloning,
            SessionStage::PullingImage => SessionState::PullingImage,
            SessionStage::CreatingSandbox => SessionState::CreatingSandbox,
            SessionStage::Running => SessionState::Running,
            SessionStage::Removing => SessionState::Removing,
        };
        self.updated_at = now;
        Ok(self)
    }

    /// The sandbox runs; a turn may.
    pub fn up(mut self, isolation: Isolation, turn_runs: bool, now: Timestamp) -> Result<Self, InvalidTransition> {
        self.refuse_if_removing("become ready")?;
        self.isolation = Some(isolation);
        self.state = if turn_runs { SessionState::Running } else { SessionState::Ready };
        self.updated_at = now;
        Ok(self)
    }

    /// A turn began or ended. Ignored unless the sandbox is known to run: an event may arrive late.
    pub fn turn_runs(mut self, runs: bool, now: Timestamp) -> Self {
        if matches!(self.state, SessionState::Ready | SessionState::Running) {
            self.state = if runs { SessionState::Running } else { SessionState::Ready };
        }
        self.updated_at = now;
        self
    }

    /// The sandbox doesn't run any more.
    pub fn stopped(mut self, now: Timestamp) -> Result<Self, InvalidTransition> {
        self.refuse_if_removing("be stopped")?;
        self.state = SessionState::Stopped;
        self.updated_at = now;
        Ok(self)
    }

    /// A stage failed for good; a user may try again.
    pub fn failed(mut self, stage: SessionStage, reason: String, now: Timestamp) -> Self {
        self.state = SessionState::Error { stage, reason };
        self.updated_at = now;
        self
    }

    /// Something that belongs to it has changed.
    pub fn touched(mut self, now: Timestamp) -> Self {
        self.updated_at = now;
        self
    }

    /// Takes a display name, or gives it up.
    pub fn rename(mut self, display_name: Option<String>, now: Timestamp) -> Result<Self, InvalidTransition> {
        self.refuse_if_removing("be renamed")?;
        self.display_name = display_name;
        self.updated_at = now;
        Ok(self)
    }

    /// Its agent is asked to commit, in a turn that waits.
    pub fn asked_to_commit(mut self, turn_id: TurnId) -> Self {
        self.commit_flow = Some(CommitFlow { state: CommitFlowState::Pending, turn_id, reason: None });
        self
    }

    /// A turn is delivered. Says whether it is the one in which the agent commits.
    pub fn begins_to_commit(&mut self, turn: TurnId) -> bool {
        match &mut self.commit_flow {
            Some(flow) if flow.turn_id == turn && flow.state == CommitFlowState::Pending => {
                flow.state = CommitFlowState::Committing;
                true
            }
            _ => false,
        }
    }

    /// The turn in which the agent commits has ended, with nothing left, or for this reason with something.
    pub fn ended_committing(mut self, turn: TurnId, reason: Option<String>) -> Self {
        if let Some(flow) = self.commit_flow.as_mut().filter(|flow| flow.turn_id == turn && flow.is_open()) {
            flow.state = if reason.is_none() { CommitFlowState::Completed } else { CommitFlowState::Failed };
            flow.reason = reason;
        }
        self
    }

    /// The stage that its state belongs to.
    pub fn stage(&self) -> SessionStage {
        match &self.state {
            SessionState::Initializing => SessionStage::Initializing,
            SessionState::Cloning => SessionStage::Cloning,
            SessionState::PullingImage => SessionStage::PullingImage,
            SessionState::CreatingSandbox => SessionStage::CreatingSandbox,
            SessionState::Ready | SessionState::Running | SessionState::Stopped => SessionStage::Running,
            SessionState::Error { stage, .. } => *stage,
            SessionState::Removing => SessionStage::Removing,
        }
    }

    /// The session as clients see it.
    pub fn to_wire(&self) -> wire::Session {
        wire::Session {
            id: self.id,
            workspace_id: self.workspace_id,
            agent_id: self.agent_id,
            name: self.name.clone().unwrap_or_else(|| "New session".to_owned()),
            display_name: self.display_name.clone(),
            forked_from: self.forked_from,
            commit_flow: self.commit_flow.clone(),
            state: self.state.clone(),
            isolation: self.isolation.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    fn refuse_if_removing(&self, change: &'static str) -> Result<(), InvalidTransition> {
        if self.goal == SessionGoal::Removed {
            return Err(InvalidTransition { entity: "The session", state: "being deleted", change });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_agent_commits_once_from_its_turns_beginning_to_its_end() {
        let id = Uuid::from_u128(1);
        let [turn, other] = [1, 2].map(|number| TurnId::new(Uuid::from_u128(number)));
        let session =
            Session::new(SessionId::new(id), ProjectId::local(), WorkspaceId::new(id), AgentId::new(id), Timestamp(0));
        let state = |session: &Session| session.commit_flow.as_ref().map(|flow| flow.state);
        assert_eq!(state(&session.clone().ended_committing(turn, None)), None);
        let mut session = session.asked_to_commit(turn);
        assert_eq!(state(&session), Some(CommitFlowState::Pending));
        assert!(!session.begins_to_commit(other) && session.begins_to_commit(turn) && !session.begins_to_commit(turn));
        let session = session.ended_committing(other, None);
        assert_eq!(state(&session), Some(CommitFlowState::Committing));
        let failed = session.clone().ended_committing(turn, Some("Left.".to_owned()));
        assert_eq!(failed.commit_flow.as_ref().and_then(|flow| flow.reason.as_deref()), Some("Left."));
        // What has ended stays as it ended.
        assert_eq!(state(&failed.ended_committing(turn, None)), Some(CommitFlowState::Failed));
        assert_eq!(state(&session.ended_committing(turn, None)), Some(CommitFlowState::Completed));
    }
}
