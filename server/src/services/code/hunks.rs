//! What of a file isn't committed, change by change.

use std::sync::Arc;

use octobot_app::ports::Caller;
use octobot_wire::code::FileHunks;
use octobot_wire::{ProjectId, SessionId};

use super::{CodeService, side, view};
use crate::services::ServiceError;

/// What the last commit is called.
const LAST_COMMIT: &str = "HEAD";

impl CodeService {
    /// The changes of a file that its last commit hasn't.
    pub async fn hunks(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        path: &str,
    ) -> Result<FileHunks, ServiceError> {
        let daemon = self.sessions.running(caller, project, id).await?;
        let (old, new) = tokio::try_join!(side(&daemon, path, Some(LAST_COMMIT)), side(&daemon, path, None))?;
        let base = view::state(&old);
        let compared = Arc::new(view::compare(path.to_owned(), old, new).await?);
        view::hunks(base, compared).await
    }
}
