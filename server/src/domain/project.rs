//! Projects and users.

use octobot_wire::project::Role;
use octobot_wire::{ProjectId, UserId, project as wire};

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
}

impl Project {
    /// The project as a member sees it.
    pub fn to_wire(&self, role: Role) -> wire::Project {
        wire::Project { id: self.id.clone(), name: self.name.clone(), role }
    }
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its name.
    pub name: String,
}

impl User {
    /// The user as clients see it.
    pub fn to_wire(&self) -> wire::User {
        wire::User { id: self.id, name: self.name.clone() }
    }
}
