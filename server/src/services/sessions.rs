//! Sessions: create, look at, rename, start, stop, delete. The sandbox's side is done by the session's job.

use std::sync::Arc;

use octobot_app::ports::Caller;
use octobot_wire::event::Change;
use octobot_wire::name::parse_name;
use octobot_wire::session::{CreateSession, RenameSession};
use octobot_wire::{AgentId, ProjectId, SessionId, TurnId};

use super::turns::checked_prompt;
use super::{Core, ServiceError};
use crate::domain::{JobKind, Session};
use crate::jobs::WarmPool;
use crate::sandbox::Provider;
use crate::store::Tx;

/// See the module. Prompts are in `turns`, what a page shows is in `transcript`, what an agent is asked in `asking`.
pub struct SessionService {
    pub(super) core: Arc<Core>,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) warm: Arc<WarmPool>,
}

impl SessionService {
    /// Works on `core`; what is asked of an agent goes to its sandbox at `provider`. New sessions get those of `warm`, as
    /// long as there are some.
    pub fn new(core: Arc<Core>, provider: Arc<dyn Provider>, warm: Arc<WarmPool>) -> Self {
        Self { core, provider, warm }
    }

    /// Creates a session, with its first prompt where there is one; its job makes the sandbox.
    pub async fn create(
        &self,
        caller: Caller,
        project: &ProjectId,
        request: CreateSession,
    ) -> Result<Session, ServiceError> {
        let prompt = request.prompt.as_deref().map(checked_prompt).transpose()?;
        let mut tx = self.core.store.begin().await?;
        self.core.member(&mut tx, caller, project).await?;
        if let Some(key) = request.idempotency_key
            && let Some(session) = tx.session_by_key(project, key).await?
        {
            return Ok(session);
        }
        let workspace =
            tx.workspace(project, request.workspace_id).await?.ok_or(ServiceError::NotFound("workspace"))?;
        workspace.takes_sessions()?;
        let agent_id = agent_for(&mut tx, project, request.agent_id).await?;
        let warm = self.warm.take(project, &workspace.limits);
        let id = warm.as_ref().map_or_else(|| SessionId::new(self.core.fresh()), |warm| warm.session);
        let now = self.core.now();
        let mut session = Session::new(id, project.clone(), workspace.id, agent_id, now);
        if let Some(prompt) = &prompt {
            session = session.named_after(prompt);
        }
        tx.insert_session(&session, request.idempotency_key).await?;
        if let Some(prompt) = &prompt {
            let turn = tx.insert_turn(TurnId::new(self.core.fresh()), id, prompt, None, now).await?;
            tx.record(project, Change::Turn { turn: turn.to_wire() });
        }
        self.commit_and_work(tx, &session).await?;
        tracing::info!(session.id = %id, session.is_warm = warm.is_some(), workspace.id = %workspace.id, "session {id} was created");
        Ok(session)
    }

    /// Gives a session a display name, or takes it away.
    pub async fn rename(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: RenameSession,
    ) -> Result<Session, ServiceError> {
        let display_name = match request.display_name.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(name) => Some(parse_name(name).map_err(|source| ServiceError::Name { field: "displayName", source })?),
        };
        let mut tx = self.core.store.begin().await?;
        let session = self.find(&mut tx, caller, project, id).await?.rename(display_name, self.core.now())?;
        tx.update_session(&session).await?;
        tx.record(project, Change::Session { session: session.to_wire() });
        self.core.commit(tx).await?;
        Ok(session)
    }

    /// Starts a stopped sandbox, or tries the stage that failed again.
    pub async fn start(&self, caller: Caller, project: &ProjectId, id: SessionId) -> Result<Session, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let session = self.find(&mut tx, caller, project, id).await?.want_up(self.core.now())?;
        self.update_and_work(tx, session).await
    }

    /// Stops the sandbox, or cancels the building of it.
    pub async fn stop(&self, caller: Caller, project: &ProjectId, id: SessionId) -> Result<Session, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let session = self.find(&mut tx, caller, project, id).await?.want_stopped(self.core.now())?;
        self.update_and_work(tx, session).await
    }

    /// Deletes a session with its sandbox and all data.
    pub async fn delete(&self, caller: Caller, project: &ProjectId, id: SessionId) -> Result<(), ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let session = self.find(&mut tx, caller, project, id).await?.want_removed(self.core.now());
        self.update_and_work(tx, session).await?;
        tracing::info!(session.id = %id, "session {id} is being deleted");
        Ok(())
    }

    pub(super) async fn find(
        &self,
        tx: &mut Tx,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
    ) -> Result<Session, ServiceError> {
        self.core.member(tx, caller, project).await?;
        tx.session(project, id).await?.ok_or(ServiceError::NotFound("session"))
    }

    async fn update_and_work(&self, mut tx: Tx, session: Session) -> Result<Session, ServiceError> {
        tx.update_session(&session).await?;
        self.commit_and_work(tx, &session).await?;
        Ok(session)
    }

    /// Records the session as it now is, asks for its job and commits.
    pub(super) async fn commit_and_work(&self, mut tx: Tx, session: &Session) -> Result<(), ServiceError> {
        let subject = session.id.uuid();
        tx.record(&session.project_id, Change::Session { session: session.to_wire() });
        tx.enqueue(JobKind::Session, subject, self.core.now()).await?;
        self.core.commit_and_run(tx, JobKind::Session, subject).await
    }
}

async fn agent_for(tx: &mut Tx, project: &ProjectId, wanted: Option<AgentId>) -> Result<AgentId, ServiceError> {
    let agent = match wanted {
        Some(id) => tx.agent(project, id).await?.ok_or(ServiceError::NotFound("agent"))?,
        None => tx.default_agent(project).await?.ok_or(ServiceError::NoAgent)?,
    };
    Ok(agent.id)
}
