//! The installation, users with their preferences, projects and their members.

use octobot_wire::preferences::Preferences;
use octobot_wire::project::Role;
use octobot_wire::{ProjectId, Timestamp, UserId};
use uuid::Uuid;

use super::column::{Reading, TextColumn as _, free_text, to_json};
use super::transaction::{Entity, execute, query};
use super::{StoreError, Tx};
use crate::domain::{Agent, Project, User};

impl Tx {
    /// The id of this installation: the one that is stored, or from now on `fresh`.
    pub async fn installation_id(&mut self, fresh: Uuid) -> Result<Uuid, StoreError> {
        execute!(self, "INSERT INTO installation (one, id) VALUES (1, $1) ON CONFLICT (one) DO NOTHING", fresh)?;
        let (id,) = query!(self, fetch_one, (Uuid,), "SELECT id FROM installation WHERE one = 1")?;
        Ok(id)
    }

    /// Makes what single-user mode needs, as far as it isn't there: the anonymous user, the project `local`, the
    /// ownership of it, and an agent. A project that has agents gets no other.
    pub async fn ensure_local_project(&mut self, agent: &Agent, now: Timestamp) -> Result<(), StoreError> {
        let (project, user) = (ProjectId::local(), UserId::ANONYMOUS);
        execute!(
            self,
            "INSERT INTO users (id, name, created_at) VALUES ($1, 'You', $2) ON CONFLICT (id) DO NOTHING",
            user.uuid(),
            now.0,
        )?;
        execute!(
            self,
            "INSERT INTO projects (id, name, created_at) VALUES ($1, 'Local', $2) ON CONFLICT (id) DO NOTHING",
            project.as_str(),
            now.0,
        )?;
        execute!(
            self,
            "INSERT INTO project_members (project_id, user_id, role) VALUES ($1, $2, $3) \
             ON CONFLICT (project_id, user_id) DO NOTHING",
            project.as_str(),
            user.uuid(),
            Role::Owner.to_text(),
        )?;
        // Two replicas may get here at the same time.
        self.hold(Entity::Project(&project)).await?;
        if self.agents(&project).await?.is_empty() {
            self.insert_agent(agent).await?;
        }
        Ok(())
    }

    /// A project.
    pub async fn project(&mut self, id: &ProjectId) -> Result<Option<Project>, StoreError> {
        let row = query!(self, fetch_optional, (String,), "SELECT name FROM projects WHERE id = $1", id.as_str())?;
        Ok(row.map(|(name,)| Project { id: id.clone(), name }))
    }

    /// What a user may do in a project; none for who isn't a member.
    pub async fn role(&mut self, project: &ProjectId, user: UserId) -> Result<Option<Role>, StoreError> {
        let row = query!(
            self,
            fetch_optional,
            (String,),
            "SELECT role FROM project_members WHERE project_id = $1 AND user_id = $2",
            project.as_str(),
            user.uuid(),
        )?;
        let reading = Reading { table: "project_members", row: project };
        row.map(|(role,)| reading.text("role", &role)).transpose()
    }

    /// A user.
    pub async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = query!(self, fetch_optional, (String,), "SELECT name FROM users WHERE id = $1", id.uuid())?;
        Ok(row.map(|(name,)| User { id, name }))
    }

    /// A user's preferences; none before the first were saved.
    pub async fn preferences(&mut self, user: UserId) -> Result<Option<Preferences>, StoreError> {
        let row =
            query!(self, fetch_optional, (String,), "SELECT body FROM preferences WHERE user_id = $1", user.uuid())?;
        let reading = Reading { table: "preferences", row: &user };
        row.map(|(body,)| reading.detail("body", Some(&body))).transpose()
    }

    /// Saves a user's preferences.
    pub async fn save_preferences(&mut self, user: UserId, preferences: &Preferences) -> Result<(), StoreError> {
        let body = to_json(preferences)?;
        execute!(
            self,
            "INSERT INTO preferences (user_id, body) VALUES ($1, $2) \
             ON CONFLICT (user_id) DO UPDATE SET body = excluded.body",
            user.uuid(),
            free_text("preferences", "body", &body)?,
        )
        .map(|_| ())
    }
}
