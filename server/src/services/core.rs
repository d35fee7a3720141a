//! What every service stands on: the store, the bus, the clock, and the calls that wake background work.

use std::path::PathBuf;
use std::sync::Arc;

use octobot_app::ports::Caller;
use octobot_wire::project::Role;
use octobot_wire::{ProjectId, SessionId, Timestamp};
use uuid::Uuid;

use super::ServiceError;
use crate::bus::Bus;
use crate::clock::{Clock, IdSource};
use crate::domain::JobKind;
use crate::jobs::Alarm;
use crate::store::{Store, Tx};

/// Folders that the server keeps files in.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The folder of all of it. No sandbox may get anything from here.
    pub data: PathBuf,
    /// One bare repository for each workspace that is a git URL.
    pub cache: PathBuf,
    /// What was in folders before sessions were applied to them, by session.
    pub applied: PathBuf,
    /// What forks of sessions begin with, until their sandboxes have it.
    pub forks: PathBuf,
    /// Files that may be deleted whenever the server isn't running.
    pub scratch: PathBuf,
}

impl Paths {
    /// What was in its workspace's folder before this session was applied to it.
    pub fn applied_of(&self, session: SessionId) -> PathBuf {
        self.applied.join(session.to_string())
    }
}

/// See the module.
pub struct Core {
    /// The database.
    pub store: Store,
    /// Where committed events go.
    pub bus: Bus,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdSource>,
    /// Wakes the job runner.
    pub alarm: Alarm,
    /// Where files are.
    pub paths: Paths,
}

impl Core {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id.
    pub fn fresh(&self) -> Uuid {
        self.ids.fresh()
    }

    /// Commits a transaction and tells every tab what it recorded.
    pub async fn commit(&self, tx: Tx) -> Result<(), ServiceError> {
        let recorded = tx.commit(self.now()).await?;
        self.bus.publish(&recorded);
        Ok(())
    }

    /// Commits a transaction that asked for a job, and has the job run now.
    pub async fn commit_and_run(&self, tx: Tx, kind: JobKind, subject: Uuid) -> Result<(), ServiceError> {
        self.commit(tx).await?;
        self.alarm.ring(kind, subject);
        Ok(())
    }

    /// The caller's role in a project. To everyone else the project doesn't exist.
    pub async fn member(&self, tx: &mut Tx, caller: Caller, project: &ProjectId) -> Result<Role, ServiceError> {
        tx.role(project, caller.user_id).await?.ok_or(ServiceError::NotFound("project"))
    }

    /// Makes sure that the caller may change what binds all members of a project.
    pub async fn administrator(&self, tx: &mut Tx, caller: Caller, project: &ProjectId) -> Result<(), ServiceError> {
        let role = self.member(tx, caller, project).await?;
        if role.may_administer() { Ok(()) } else { Err(ServiceError::NotAllowed) }
    }
}
