//! Projects, the user who looks at one, and what a page of a project needs to be drawn at once.

use serde::{Deserialize, Serialize};

use crate::agent::{Agent, AgentType};
use crate::preferences::Preferences;
use crate::session::{Isolation, Session};
use crate::tagged::read_tagged;
use crate::workspace::Workspace;
use crate::{ProjectId, UserId};

/// What a member may do in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Everything, and handing the project on.
    Owner,
    /// Everything but handing the project on.
    Admin,
    /// Works in it.
    Member,
}

impl Role {
    /// Whether it may change what binds all members, such as the network policy.
    pub fn may_administer(self) -> bool {
        match self {
            Self::Owner | Self::Admin => true,
            Self::Member => false,
        }
    }
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Its id, as in URLs.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// The caller's role in it.
    pub role: Role,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Its id; nil for the anonymous user.
    pub id: UserId,
    /// Its name.
    pub name: String,
}

/// Everything that the frame around a page shows, read in one transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProjectView {
    /// The project.
    pub project: Project,
    /// Who looks at it.
    pub user: User,
    /// Its workspaces, oldest first.
    pub workspaces: Vec<Workspace>,
    /// Its sessions, the most recently used first.
    pub sessions: Vec<Session>,
    /// Its agents, oldest first.
    pub agents: Vec<Agent>,
    /// The agent types that this server knows.
    pub agent_types: Vec<AgentType>,
    /// The user's preferences.
    pub preferences: Preferences,
    /// How new sandboxes are isolated on this server, or why none can be made.
    pub sandboxes: SandboxSupport,
    /// The number of the last event that this view includes: follow from here.
    pub as_of: u64,
}

/// Whether sandboxes can be made here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum SandboxSupport {
    /// They can.
    Available {
        /// How they are isolated.
        isolation: Isolation,
    },
    /// They can't.
    Unavailable {
        /// Why not.
        reason: String,
        /// What to do about it, ideally a command.
        remedy: String,
    },
}

read_tagged!(
    SandboxSupport by "state" with { isolation: Isolation, reason: String, remedy: String } as
    Available { isolation } Unavailable { reason, remedy }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_work_in_a_project_and_do_not_administer_it() {
        let may: Vec<_> =
            [Role::Owner, Role::Admin, Role::Member].into_iter().filter(|role| role.may_administer()).collect();
        assert_eq!(may, [Role::Owner, Role::Admin]);
    }
}
