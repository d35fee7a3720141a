//! Projects: what the frame around every page shows, and the preferences of who looks at it.

use std::sync::Arc;

use octobot_app::ports::Caller;
use octobot_wire::ProjectId;
use octobot_wire::preferences::Preferences;
use octobot_wire::project::ProjectView;

use super::{Core, ServiceError, Support};
use crate::domain::agent_type::agent_types;
use crate::domain::{Agent, Session, Workspace};

/// See the module.
pub struct ProjectService {
    core: Arc<Core>,
    sandboxes: Support,
}

impl ProjectService {
    /// `sandboxes` is what the provider says about the host.
    pub fn new(core: Arc<Core>, sandboxes: Support) -> Self {
        Self { core, sandboxes }
    }

    /// Everything that the frame around a page shows, as of one moment.
    pub async fn view(&self, caller: Caller, project: &ProjectId) -> Result<ProjectView, ServiceError> {
        let mut tx = self.core.store.read().await?;
        let role = self.core.member(&mut tx, caller, project).await?;
        let found = tx.project(project).await?.ok_or(ServiceError::NotFound("project"))?;
        let user = tx.user(caller.user_id).await?.ok_or(ServiceError::NotFound("user"))?;
        Ok(ProjectView {
            as_of: tx.last_event(project).await?,
            project: found.to_wire(role),
            user: user.to_wire(),
            workspaces: tx.workspaces(project).await?.iter().map(Workspace::to_wire).collect(),
            sessions: tx.sessions(project).await?.iter().map(Session::to_wire).collect(),
            agents: tx.agents(project).await?.iter().map(Agent::to_wire).collect(),
            agent_types: agent_types(),
            preferences: tx.preferences(caller.user_id).await?.unwrap_or_default(),
            sandboxes: self.sandboxes.get(),
        })
    }

    /// The caller's preferences, or the defaults.
    pub async fn preferences(&self, caller: Caller) -> Result<Preferences, ServiceError> {
        Ok(self.core.store.read().await?.preferences(caller.user_id).await?.unwrap_or_default())
    }

    /// Replaces the caller's preferences; panel widths are brought within their bounds.
    pub async fn save_preferences(
        &self,
        caller: Caller,
        preferences: Preferences,
    ) -> Result<Preferences, ServiceError> {
        let preferences = Preferences {
            sidebar: preferences.sidebar.clamped(),
            details: preferences.details.clamped(),
            ..preferences
        };
        let mut tx = self.core.store.begin().await?;
        tx.save_preferences(caller.user_id, &preferences).await?;
        self.core.commit(tx).await?;
        Ok(preferences)
    }
}
