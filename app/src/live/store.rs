//! A project's entities as signals: what the frame around every page shows.

use leptos::prelude::*;
use octobot_wire::agent::{Agent, AgentType, AgentTypeId};
use octobot_wire::event::Change;
use octobot_wire::preferences::Preferences;
use octobot_wire::project::{Project, ProjectView, SandboxSupport};
use octobot_wire::session::Session;
use octobot_wire::workspace::Workspace;
use octobot_wire::{AgentId, ProjectId, SessionId, WorkspaceId};

use super::apply;

/// A project as the page knows it. A context of everything inside the frame.
#[derive(Clone, Copy)]
pub struct ProjectStore {
    /// The project itself.
    pub project: StoredValue<Project>,
    /// Its workspaces, oldest first.
    pub workspaces: RwSignal<Vec<Workspace>>,
    /// Its sessions, the most recently used first.
    pub sessions: RwSignal<Vec<Session>>,
    /// Its agents, oldest first.
    pub agents: RwSignal<Vec<Agent>>,
    /// The agent types that the server knows.
    pub agent_types: StoredValue<Vec<AgentType>>,
    /// The user's preferences.
    pub preferences: RwSignal<Preferences>,
    /// Whether sandboxes can be made here.
    pub sandboxes: RwSignal<SandboxSupport>,
}

impl ProjectStore {
    /// Makes the signals of a view.
    pub fn new(view: ProjectView) -> Self {
        Self {
            project: StoredValue::new(view.project),
            workspaces: RwSignal::new(view.workspaces),
            sessions: RwSignal::new(view.sessions),
            agents: RwSignal::new(view.agents),
            agent_types: StoredValue::new(view.agent_types),
            preferences: RwSignal::new(view.preferences),
            sandboxes: RwSignal::new(view.sandboxes),
        }
    }

    /// The store of the frame that this component stands in.
    pub fn expect() -> Self {
        expect_context()
    }

    /// Takes over a view that was loaded again. Preferences stay: this tab may be ahead of the server with them.
    pub fn replace(self, view: ProjectView) {
        self.project.set_value(view.project);
        self.workspaces.set(view.workspaces);
        self.sessions.set(view.sessions);
        self.agents.set(view.agents);
        self.agent_types.set_value(view.agent_types);
        self.sandboxes.set(view.sandboxes);
    }

    /// Applies a change to the frame; those of a transcript, of what is loaded when it is shown, and [`Change::Reset`] aren't
    /// for it.
    pub fn apply(self, change: Change) {
        match change {
            Change::Workspace { workspace } => self.put_workspace(workspace),
            Change::WorkspaceRemoved { workspace_id } => self.drop_workspace(workspace_id),
            Change::Agent { agent } => self.put_agent(agent),
            Change::AgentRemoved { agent_id } => self.agents.update(|list| list.retain(|known| known.id != agent_id)),
            Change::Session { session } => self.put_session(session),
            Change::SessionRemoved { session_id } => self.drop_session(session_id),
            Change::SessionLog { .. }
            | Change::Turn { .. }
            | Change::TurnRemoved { .. }
            | Change::Message { .. }
            | Change::Part { .. }
            | Change::Output { .. }
            | Change::ToolCallStatus { .. }
            | Change::AgentState { .. }
            | Change::CodeChanged { .. }
            | Change::TerminalsChanged { .. }
            | Change::Rewound { .. }
            | Change::NetworkPolicy
            | Change::Reset => {}
        }
    }

    /// A workspace is new or changed.
    pub fn put_workspace(self, workspace: Workspace) {
        self.workspaces.update(|list| apply::put_workspace(list, workspace));
    }

    /// A call was answered with a workspace. What the stream has told since counts.
    pub fn take_workspace(self, workspace: Workspace) {
        self.workspaces.update(|list| apply::take_workspace(list, workspace));
    }

    /// A workspace is gone, and its sessions with it.
    pub fn drop_workspace(self, id: WorkspaceId) {
        self.workspaces.update(|list| list.retain(|known| known.id != id));
        self.sessions.update(|list| list.retain(|known| known.workspace_id != id));
    }

    /// A session is new or changed.
    pub fn put_session(self, session: Session) {
        self.sessions.update(|list| apply::put_session(list, session));
    }

    /// A call was answered with a session. What the stream has told since counts.
    pub fn take_session(self, session: Session) {
        self.sessions.update(|list| apply::take_session(list, session));
    }

    /// A session is gone.
    pub fn drop_session(self, id: SessionId) {
        self.sessions.update(|list| list.retain(|known| known.id != id));
    }

    /// An agent is new or changed.
    pub fn put_agent(self, agent: Agent) {
        self.agents.update(|list| apply::put_agent(list, agent));
    }

    /// The project's id.
    pub fn id(self) -> ProjectId {
        self.project.with_value(|project| project.id.clone())
    }

    /// A session as it is now.
    pub fn find_session(self, id: SessionId) -> Option<Session> {
        self.sessions.with_untracked(|list| list.iter().find(|known| known.id == id).cloned())
    }

    /// A workspace as it is now.
    pub fn find_workspace(self, id: WorkspaceId) -> Option<Workspace> {
        self.workspaces.with_untracked(|list| list.iter().find(|known| known.id == id).cloned())
    }

    /// Follows one session.
    pub fn session(self, id: SessionId) -> Memo<Option<Session>> {
        Memo::new(move |_| self.sessions.with(|list| list.iter().find(|known| known.id == id).cloned()))
    }

    /// Follows one workspace.
    pub fn workspace(self, id: WorkspaceId) -> Memo<Option<Workspace>> {
        Memo::new(move |_| self.workspaces.with(|list| list.iter().find(|known| known.id == id).cloned()))
    }

    /// Follows one agent.
    pub fn agent(self, id: AgentId) -> Memo<Option<Agent>> {
        Memo::new(move |_| self.agents.with(|list| list.iter().find(|known| known.id == id).cloned()))
    }

    /// Follows the agent that a session is bound to.
    pub fn agent_of(self, session: Memo<Option<Session>>) -> Memo<Option<Agent>> {
        Memo::new(move |_| {
            let id = session.with(|s| s.as_ref().map(|s| s.agent_id))?;
            self.agents.with(|list| list.iter().find(|known| known.id == id).cloned())
        })
    }

    /// Follows the workspace that a session is in.
    pub fn workspace_of(self, session: Memo<Option<Session>>) -> Memo<Option<Workspace>> {
        Memo::new(move |_| {
            let id = session.with(|s| s.as_ref().map(|s| s.workspace_id))?;
            self.workspaces.with(|list| list.iter().find(|known| known.id == id).cloned())
        })
    }

    /// What the server says about an agent type.
    pub fn agent_type(self, id: AgentTypeId) -> Option<AgentType> {
        self.agent_types.with_value(|list| list.iter().find(|known| known.id == id).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use octobot_wire::project::{Role, User};
    use octobot_wire::session::SessionState;
    use octobot_wire::workspace::{WorkspaceLimits, WorkspaceSource, WorkspaceState};
    use octobot_wire::{Timestamp, UserId};
    use uuid::Uuid;

    fn empty() -> ProjectStore {
        ProjectStore::new(ProjectView {
            project: Project { id: ProjectId::local(), name: "Local".to_owned(), role: Role::Owner },
            user: User { id: UserId::ANONYMOUS, name: "You".to_owned() },
            workspaces: Vec::new(),
            sessions: Vec::new(),
            agents: Vec::new(),
            agent_types: Vec::new(),
            preferences: Preferences::default(),
            sandboxes: SandboxSupport::Unavailable { reason: String::new(), remedy: String::new() },
            as_of: 0,
        })
    }

    #[test]
    fn a_removed_workspace_takes_its_sessions_along() {
        let owner = Owner::new();
        owner.set();
        let store = empty();
        let workspace_id = WorkspaceId::new(Uuid::from_u128(1));
        store.apply(Change::Workspace {
            workspace: Workspace {
                id: workspace_id,
                name: "w".to_owned(),
                source: WorkspaceSource::Folder { path: "/w".to_owned() },
                state: WorkspaceState::Ready,
                commit: None,
                dirty: false,
                limits: WorkspaceLimits::default(),
                created_at: Timestamp(0),
                updated_at: Timestamp(0),
            },
        });
        store.apply(Change::Session {
            session: Session {
                id: SessionId::new(Uuid::from_u128(2)),
                workspace_id,
                agent_id: AgentId::new(Uuid::nil()),
                name: "s".to_owned(),
                display_name: None,
                forked_from: None,
                commit_flow: None,
                state: SessionState::Ready,
                isolation: None,
                created_at: Timestamp(0),
                updated_at: Timestamp(0),
            },
        });
        assert_eq!(store.sessions.with_untracked(Vec::len), 1);
        store.apply(Change::WorkspaceRemoved { workspace_id });
        assert_eq!((store.workspaces.with_untracked(Vec::len), store.sessions.with_untracked(Vec::len)), (0, 0));
    }
}
