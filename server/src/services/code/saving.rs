//! Taking over what a session made: as a branch in the workspace's repository, or as a patch.

use std::path::Path;

use futures::TryStreamExt as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use octobot_app::ports::Caller;
use octobot_wire::code::SavedBranch;
use octobot_wire::workspace::WorkspaceSource;
use octobot_wire::{ProjectId, SessionId};
use tempfile::TempPath;
use tokio::io::AsyncWriteExt as _;

use super::{CodeService, refusal};
use crate::domain::{Session, Workspace};
use crate::git::{self, Arrival, MOST_BUNDLED};
use crate::sandbox::DaemonClient;
use crate::services::ServiceError;

/// So many characters of a session's title are in its branch's name.
const MOST_CHARACTERS: usize = 40;

impl CodeService {
    /// Puts what a session made into its workspace's repository, as a branch. No file there, and no other branch, is touched.
    pub async fn save_branch(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
    ) -> Result<SavedBranch, ServiceError> {
        let daemon = self.sessions.running(caller, project, id).await?;
        let (session, workspace) = self.places(project, id).await?;
        let folder = folder(&workspace)?;
        let scratch = &self.core.paths.scratch;
        let bundle = self.fetch(&daemon).await?;
        let wanted = branch_name(session.to_wire().title(), id);
        let arrival = git::put_branch(folder.as_ref(), &bundle, &wanted, scratch).await;
        let Arrival { branch, commit } = arrival.map_err(|error| ServiceError::Code(told(&error)))?;
        tracing::info!(session.id = %id, git.branch = branch, git.commit = commit, "session {id} was saved as branch {branch}");
        Ok(SavedBranch { branch, commit })
    }

    /// Removes a branch that a session was saved as, unless it has moved since.
    pub async fn undo_branch(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        saved: SavedBranch,
    ) -> Result<(), ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.core.member(&mut tx, caller, project).await?;
        drop(tx);
        let (_, workspace) = self.places(project, id).await?;
        let SavedBranch { branch, commit } = saved;
        if !branch.starts_with(PREFIX) {
            return Err(ServiceError::NotFound("branch"));
        }
        let arrival = Arrival { branch, commit };
        let removed = git::remove_branch(folder(&workspace)?.as_ref(), &arrival).await;
        if removed.map_err(|error| ServiceError::Code(told(&error)))? {
            Ok(())
        } else {
            Err(ServiceError::BranchMoved(arrival.branch))
        }
    }

    /// What a session made, as a patch.
    pub async fn patch(&self, caller: Caller, project: &ProjectId, id: SessionId) -> Result<Incoming, ServiceError> {
        self.sessions.running(caller, project, id).await?.patch().await.map_err(refusal)
    }

    /// What a session made, as a bundle in a file.
    pub(super) async fn fetch(&self, daemon: &DaemonClient) -> Result<TempPath, ServiceError> {
        received(daemon.result().await.map_err(refusal)?, &self.core.paths.scratch, MOST_BUNDLED).await
    }

    pub(super) async fn places(
        &self,
        project: &ProjectId,
        id: SessionId,
    ) -> Result<(Session, Workspace), ServiceError> {
        let mut tx = self.core.store.read().await?;
        let session = tx.session(project, id).await?.ok_or(ServiceError::NotFound("session"))?;
        let workspace =
            tx.workspace(project, session.workspace_id).await?.ok_or(ServiceError::NotFound("workspace"))?;
        Ok((session, workspace))
    }
}

/// What all branches of sessions begin with.
const PREFIX: &str = "octobot/";

/// The folder of a workspace that is a repository on this machine.
pub(super) fn folder(workspace: &Workspace) -> Result<&str, ServiceError> {
    match &workspace.source {
        WorkspaceSource::Folder { path } if workspace.commit.is_some() => Ok(path),
        WorkspaceSource::Folder { .. } | WorkspaceSource::Git { .. } => Err(ServiceError::NoRepository),
    }
}

/// A branch's name for a session with this title.
pub(super) fn branch_name(title: &str, id: SessionId) -> String {
    let letters = title.to_lowercase();
    let words = letters.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("-");
    name.truncate(MOST_CHARACTERS);
    let name = name.trim_end_matches('-');
    if name.is_empty() { format!("{PREFIX}{id}") } else { format!("{PREFIX}{name}") }
}

/// Writes a bundle that comes from a sandbox to a temporary file in `scratch`. So many bytes are taken.
pub(in crate::services) async fn received(body: Incoming, scratch: &Path, most: u64) -> Result<TempPath, ServiceError> {
    let bundle = tempfile::Builder::new().prefix("bundle-").tempfile_in(scratch);
    let bundle = bundle.map_err(|error| no_room(&error))?.into_temp_path();
    let mut file = tokio::fs::File::create(&bundle).await.map_err(|error| no_room(&error))?;
    let mut written = 0;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.try_next().await.map_err(|error| ServiceError::Sandbox(Box::new(error)))? {
        written += piece.len() as u64;
        if written > most {
            let error = git::GitError::from(git::Untaken::Bundle { most });
            return Err(ServiceError::Code(told(&error)));
        }
        file.write_all(&piece).await.map_err(|error| no_room(&error))?;
    }
    file.flush().await.map_err(|error| no_room(&error))?;
    Ok(bundle)
}

fn no_room(error: &std::io::Error) -> ServiceError {
    ServiceError::Code(format!("the server's own folder can't be written: {error}"))
}

/// Why git couldn't, without the full stop that the sentence around it has.
fn told(error: &git::GitError) -> String {
    error.to_string().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_called_after_its_session() {
        let id = SessionId::new(uuid::Uuid::from_u128(7));
        assert_eq!(branch_name("Fix the Tests, please!", id), "octobot/fix-the-tests-please");
        assert_eq!(branch_name("--../..//.lock", id), "octobot/lock");
        assert_eq!(branch_name("日本語", id), format!("octobot/{id}"));
        assert_eq!(branch_name(&"ab ".repeat(40), id), format!("octobot/{}a", "ab-".repeat(13)));
    }
}
