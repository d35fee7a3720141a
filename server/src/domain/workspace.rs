//! Workspaces and how their state changes.

use octobot_wire::workspace::{Commit, WorkspaceLimits, WorkspaceSource, WorkspaceState};
use octobot_wire::{ProjectId, Timestamp, WorkspaceId, workspace as wire};

use super::InvalidTransition;

/// What a workspace is on its way to. The workspace's job works until it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkspaceGoal {
    /// Its source looked at, fetched and ready.
    Ready,
    /// Gone, with its sessions and its cache.
    Removed,
}

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// Its name.
    pub name: String,
    /// Where its code comes from.
    pub source: WorkspaceSource,
    /// Where it stands.
    pub state: WorkspaceState,
    /// What it is on its way to.
    pub goal: WorkspaceGoal,
    /// The commit it is at.
    pub commit: Option<Commit>,
    /// Whether a local repository has uncommitted changes.
    pub dirty: bool,
    /// What each of its sandboxes may use up.
    pub limits: WorkspaceLimits,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Workspace {
    /// A workspace that nobody has looked at yet.
    pub fn new(id: WorkspaceId, project_id: ProjectId, name: String, source: WorkspaceSource, now: Timestamp) -> Self {
        Self {
            id,
            project_id,
            name,
            source,
            state: WorkspaceState::Initializing,
            goal: WorkspaceGoal::Ready,
            commit: None,
            dirty: false,
            limits: WorkspaceLimits::default(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Looks at the source again. A ready workspace stays usable meanwhile.
    pub fn refresh(mut self, now: Timestamp) -> Result<Self, InvalidTransition> {
        self.refuse_if_removing("be refreshed")?;
        if matches!(self.state, WorkspaceState::Error { .. }) {
            self.state = WorkspaceState::Initializing;
        }
        self.updated_at = now;
        Ok(self)
    }

    /// Takes another name.
    pub fn rename(mut self, name: String, now: Timestamp) -> Result<Self, InvalidTransition> {
        self.refuse_if_removing("be renamed")?;
        self.name = name;
        self.updated_at = now;
        Ok(self)
    }

    /// Its sandboxes get other limits from their next start on.
    pub fn limit(mut self, limits: WorkspaceLimits, now: Timestamp) -> Result<Self, InvalidTransition> {
        self.refuse_if_removing("get other limits")?;
        self.limits = limits;
        self.updated_at = now;
        Ok(self)
    }

    /// Whether sessions may be added. One that is being removed takes its sessions along; every other state passes.
    pub fn takes_sessions(&self) -> Result<(), InvalidTransition> {
        self.refuse_if_removing("take a session")
    }

    /// Git reports on a clone or a fetch.
    pub fn cloning(mut self, step: String, percent: Option<u8>, now: Timestamp) -> Result<Self, InvalidTransition> {
        self.refuse_if_removing("be cloned")?;
        self.state = WorkspaceState::Cloning { step, percent };
        self.updated_at = now;
        Ok(self)
    }

    /// Its source was read: sessions can start.
    pub fn ready(mut self, commit: Option<Commit>, dirty: bool, now: Timestamp) -> Result<Self, InvalidTransition> {
        self.refuse_if_removing("become ready")?;
        self.state = WorkspaceState::Ready;
        self.commit = commit;
        self.dirty = dirty;
        self.updated_at = now;
        Ok(self)
    }

    /// Its source can't be used.
    pub fn failed(mut self, reason: String, now: Timestamp) -> Result<Self, InvalidTransition> {
        self.refuse_if_removing("fail")?;
        self.state = WorkspaceState::Error { reason };
        self.updated_at = now;
        Ok(self)
    }

    /// It is to go, whatever state it is in.
    pub fn remove(mut self, now: Timestamp) -> Self {
        self.state = WorkspaceState::Removing;
        self.goal = WorkspaceGoal::Removed;
        self.updated_at = now;
        self
    }

    /// The workspace as clients see it.
    pub fn to_wire(&self) -> wire::Workspace {
        wire::Workspace {
            id: self.id,
            name: self.name.clone(),
            source: self.source.clone(),
            state: self.state.clone(),
            commit: self.commit.clone(),
            dirty: self.dirty,
            limits: self.limits,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    fn refuse_if_removing(&self, change: &'static str) -> Result<(), InvalidTransition> {
        match self.state {
            WorkspaceState::Removing => {
                Err(InvalidTransition { entity: "The workspace", state: "being removed", change })
            }
            WorkspaceState::Initializing
            | WorkspaceState::Cloning { .. }
            | WorkspaceState::Ready
            | WorkspaceState::Error { .. } => Ok(()),
        }
    }
}
