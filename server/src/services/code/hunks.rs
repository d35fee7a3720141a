//! What of a file isn't committed, change by change.

use std::sync::Arc;

use octobot_app::ports::Caller;
use octobot_wire::code::{FileHunks, HunkSides, HunksQuery};
use octobot_wire::daemon::AT_INDEX;
use octobot_wire::{ProjectId, SessionId};

use super::{CodeService, side, view};
use crate::services::ServiceError;

/// What the last commit is called.
pub(super) const LAST_COMMIT: &str = "HEAD";

impl CodeService {
    /// The changes of a file between its last commit, what is staged, and what it is.
    pub async fn hunks(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        query: &HunksQuery,
    ) -> Result<FileHunks, ServiceError> {
        let daemon = self.sessions.running(caller, project, id).await?;
        let HunksQuery { path, of } = query;
        let (old, new) = match of {
            HunkSides::Uncommitted => (Some(LAST_COMMIT), None),
            HunkSides::Unstaged => (Some(AT_INDEX), None),
            HunkSides::Staged => (Some(LAST_COMMIT), Some(AT_INDEX)),
        };
        let (old, new) = tokio::try_join!(side(&daemon, path, old), side(&daemon, path, new))?;
        let base = view::state(&old);
        let compared = Arc::new(view::compare(path.clone(), old, new).await?);
        view::hunks(base, compared).await
    }
}
