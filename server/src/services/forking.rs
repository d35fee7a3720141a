//! Forking a session: another one that begins with its files and its transcript as they were at a moment.
//!
//! The files come out of the source's sandbox at once, as a bundle that is kept until the fork's sandbox has it. The transcript is
//! copied as far as it is in force, so that the fork's agent is told it with the first prompt, as one is that has lost its thread.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use octobot_app::ports::Caller;
use octobot_wire::name::MAX_CHARS;
use octobot_wire::session::ForkSession;
use octobot_wire::setting::AgentState;
use octobot_wire::{MessageId, PartId, ProjectId, SessionId, TurnId};
use tempfile::TempPath;
use uuid::Uuid;

use super::code::{of_turn, received};
use super::{Core, ServiceError, SessionService};
use crate::domain::{CallItem, File, PartContent, Session, SessionGoal};
use crate::store::Tx;

/// What the name of a fork begins with.
const PREFIX: &str = "Fork of ";

/// A session's files, with the whole history of its repository, have at most so many bytes.
const MOST_FORKED: u64 = 16 << 30;

impl SessionService {
    /// Creates a session with the files and the transcript of another one as they were at a moment.
    pub async fn fork(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: ForkSession,
    ) -> Result<Session, ServiceError> {
        let mut tx = self.core.store.read().await?;
        let source = self.find(&mut tx, caller, project, id).await?;
        if let Some(key) = request.idempotency_key
            && let Some(session) = tx.session_by_key(project, key).await?
        {
            return Ok(session);
        }
        if source.goal == SessionGoal::Removed {
            return Err(ServiceError::NotFound("session"));
        }
        let active = tx.active_turn(id).await?;
        let is_open = |turn: TurnId| !request.before && active.as_ref().is_some_and(|active| active.id == turn);
        if request.turn.map_or(active.is_some(), is_open) {
            return Err(ServiceError::TurnRuns);
        }
        let (last, conversation) = (last_message(&mut tx, id, &request).await?, tx.conversation(id).await?);
        drop(tx);
        let bundle = self.fetch_fork(id, &request).await?;
        let mut tx = self.core.store.begin().await?;
        // Fetching takes a while, in which others go on.
        if let Some(key) = request.idempotency_key
            && let Some(session) = tx.session_by_key(project, key).await?
        {
            return Ok(session);
        }
        if self.find(&mut tx, caller, project, id).await?.goal == SessionGoal::Removed {
            return Err(ServiceError::NotFound("session"));
        }
        if last_message(&mut tx, id, &request).await? != last || tx.conversation(id).await? != conversation {
            return Err(ServiceError::TurnRuns);
        }
        let workspace = tx.workspace(project, source.workspace_id).await?.ok_or(ServiceError::NotFound("workspace"))?;
        workspace.takes_sessions()?;
        let warm = self.warm.take(project, &workspace.limits);
        let fork = warm.as_ref().map_or_else(|| SessionId::new(self.core.fresh()), |warm| warm.session);
        let session = Session {
            name: Some(named_after(source.to_wire().title())),
            forked_from: Some(id),
            // What its repository says of the network was found when the source began, and only takes away.
            repository_policy: source.repository_policy,
            ..Session::new(fork, project.clone(), workspace.id, source.agent_id, self.core.now())
        };
        tx.insert_session(&session, request.idempotency_key).await?;
        let settings = tx.agent_state(id).await?.settings;
        tx.update_agent_state(fork, &AgentState { settings, ..AgentState::default() }).await?;
        let credentials = tx.session_credentials(id).await?;
        tx.replace_session_credentials(fork, &credentials).await?;
        Copying { core: &self.core, from: id, to: fork, parts: HashMap::new() }.copy(&mut tx, last).await?;
        let place = fork_bundle(&self.core, fork);
        bundle.persist(&place).map_err(|error| not_kept(&error.error))?;
        if let Err(error) = self.commit_and_work(tx, &session).await {
            forget_fork(&self.core, fork).await?;
            return Err(error);
        }
        tracing::info!(session.id = %fork, session.source = %id, session.is_warm = warm.is_some(), "session {fork} was forked from {id}");
        Ok(session)
    }

    /// The source's files at the moment, as a bundle.
    async fn fetch_fork(&self, id: SessionId, request: &ForkSession) -> Result<TempPath, ServiceError> {
        let daemon = self.daemon(id).await?;
        let body = daemon.fork(request.turn, request.before).await.map_err(of_turn)?;
        received(body, &self.core.paths.scratch, MOST_FORKED).await
    }
}

/// Where a fork's files are until its sandbox has them.
pub(crate) fn fork_bundle(core: &Core, fork: SessionId) -> PathBuf {
    core.paths.forks.join(format!("{fork}.bundle"))
}

/// Deletes the bundle of a fork that doesn't need it any more.
pub(crate) async fn forget_fork(core: &Core, fork: SessionId) -> Result<(), ServiceError> {
    remove(&fork_bundle(core, fork)).await
}

/// Deletes the bundles that a killed server has left, of forks that have their files, or that there aren't.
pub async fn tidy_forks(core: &Core) -> Result<(), ServiceError> {
    let mut entries = tokio::fs::read_dir(&core.paths.forks).await.map_err(|error| not_kept(&error))?;
    while let Some(entry) = entries.next_entry().await.map_err(|error| not_kept(&error))? {
        let path = entry.path();
        let id = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<SessionId>().ok());
        let session = match id {
            Some(id) => core.store.read().await?.session_by_id(id).await?,
            None => None,
        };
        if session.is_none_or(|session| session.is_built()) {
            remove(&path).await?;
        }
    }
    Ok(())
}

async fn remove(path: &Path) -> Result<(), ServiceError> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(not_kept(&error)),
        _ => Ok(()),
    }
}

/// The number of the last message that goes along; none for all of them.
async fn last_message(tx: &mut Tx, session: SessionId, request: &ForkSession) -> Result<Option<u64>, ServiceError> {
    let Some(id) = request.turn else { return Ok(None) };
    let turn = tx.turn(session, id).await?.ok_or(ServiceError::NotFound("turn"))?;
    if tx.is_set_aside(id).await? {
        return Err(ServiceError::TurnSetAside);
    }
    let (first, last) = tx.messages_of_turn(turn.id).await?.ok_or(ServiceError::NotFound("turn"))?;
    Ok(Some(if request.before { first - 1 } else { last }))
}

/// What a fork is called.
fn named_after(title: &str) -> String {
    let title = title.strip_prefix(PREFIX).unwrap_or(title);
    PREFIX.chars().chain(title.chars()).take(MAX_CHARS).collect()
}

/// Copies the transcript of a session that is new.
struct Copying<'a> {
    core: &'a Core,
    from: SessionId,
    to: SessionId,
    /// What the copies of parts are called.
    parts: HashMap<PartId, PartId>,
}

impl Copying<'_> {
    async fn copy(mut self, tx: &mut Tx, last: Option<u64>) -> Result<(), ServiceError> {
        let mut turns = HashMap::new();
        for message in tx.messages_in_force(self.from, last.map(|last| last + 1), u32::MAX).await? {
            let turn = if let Some(turn) = turns.get(&message.turn_id) {
                *turn
            } else {
                let turn = self.turn(tx, message.turn_id).await?;
                turns.insert(message.turn_id, turn);
                turn
            };
            let id = MessageId::new(self.core.fresh());
            tx.insert_message(id, self.to, turn, message.role, message.created_at).await?;
            for part in message.parts {
                let copy = PartId::new(self.core.fresh());
                self.parts.insert(part.id, copy);
                let mut files = Vec::new();
                let content = self.content(part.content, &mut files);
                tx.insert_part(id, copy, part.number, &content).await?;
                tx.copy_chunks(part.id, copy).await?;
                for (original, file) in files {
                    if let Some((_, data)) = tx.file(self.from, original).await? {
                        tx.insert_file(copy, &file, &data).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Copies a turn with the files that went with its prompt.
    async fn turn(&self, tx: &mut Tx, original: TurnId) -> Result<TurnId, ServiceError> {
        let turn = TurnId::new(self.core.fresh());
        tx.copy_turn(original, turn, self.to).await?;
        let mut files = Vec::new();
        for file in tx.attachments_of(original).await? {
            if let Some((file, data)) = tx.attachment(self.from, file.id).await? {
                let file = File { id: self.core.fresh(), ..file };
                tx.insert_attachment(self.to, &file, &data, self.core.now()).await?;
                files.push(file);
            }
        }
        if !files.is_empty() {
            tx.attach(turn, &files).await?;
        }
        Ok(turn)
    }

    /// What the copy of a part holds. Files get ids of their own, which are noted with those of the originals.
    fn content(&self, content: PartContent, files: &mut Vec<(Uuid, File)>) -> PartContent {
        let mut copy = |file: File| {
            let copy = File { id: self.core.fresh(), ..file.clone() };
            files.push((file.id, copy.clone()));
            copy
        };
        match content {
            PartContent::File(file) => PartContent::File(copy(file)),
            PartContent::ToolCall(mut call) => {
                let items = call.content.into_iter().map(|item| match item {
                    CallItem::File(file) => CallItem::File(copy(file)),
                    item @ (CallItem::Text { .. } | CallItem::Diff(_)) => item,
                });
                call.content = items.collect();
                PartContent::ToolCall(call)
            }
            PartContent::Permission(mut permission) => {
                permission.call = permission.call.and_then(|call| self.parts.get(&call).copied());
                PartContent::Permission(permission)
            }
            content @ (PartContent::Text { .. }
            | PartContent::Answer { .. }
            | PartContent::Reasoning { .. }
            | PartContent::Plan { .. }
            | PartContent::Notice { .. }
            | PartContent::Error { .. }) => content,
        }
    }
}

fn not_kept(error: &std::io::Error) -> ServiceError {
    ServiceError::Code(format!("the server's own folder can't be used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_is_called_after_its_source_and_a_fork_of_it_as_well() {
        assert_eq!(named_after("Fix it"), "Fork of Fix it");
        assert_eq!(named_after("Fork of Fix it"), "Fork of Fix it");
        assert_eq!(named_after(&"ü".repeat(200)).chars().count(), MAX_CHARS);
    }
}
