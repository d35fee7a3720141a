//! What is staged in a session's repository: changing it, by files, by changes, or by lines of the difference that is shown.

use std::ops::Range;

use octobot_app::ports::Caller;
use octobot_wire::code::{ChangeKind, CommitPart, LinesStaged, StageChanges, StageLines};
use octobot_wire::daemon::{AT_INDEX, AT_START};
use octobot_wire::{ProjectId, SessionId};

use super::hunks::LAST_COMMIT;
use super::lines::{counted, outdated};
use super::repository::refusal;
use super::{CodeService, Side, side, view};
use crate::sandbox::DaemonClient;
use crate::services::ServiceError;

impl CodeService {
    /// Stages changes, or takes them back from what is staged.
    pub async fn stage(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: StageChanges,
    ) -> Result<(), ServiceError> {
        self.sessions.running(caller, project, id).await?.stage(&request).await.map_err(refusal)
    }

    /// Stages lines of the difference since the session started, or takes them back.
    pub async fn stage_lines(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: StageLines,
    ) -> Result<LinesStaged, ServiceError> {
        let StageLines { path, is_back, state, old, new, is_whole } = request;
        let (old, new) = (counted(old)?, counted(new)?);
        let daemon = self.sessions.running(caller, project, id).await?;
        let Some((file, shown)) = self.comparison(&daemon, id, &path, None).await? else {
            return Ok(LinesStaged { is_changed: false });
        };
        if shown.state() != state.as_deref() {
            return Err(outdated(&path));
        }
        let was_at = file.old_path.as_deref().unwrap_or(&path);
        let start = async {
            if file.change == ChangeKind::Added {
                Ok(Side::Nothing)
            } else {
                side(&daemon, was_at, Some(AT_START)).await
            }
        };
        let part = if is_back {
            staged_part(&daemon, &path, start, (&old, &new), is_whole).await?
        } else {
            unstaged_part(&daemon, &path, start, (&old, &new), is_whole).await?
        };
        // Its lines would be those of another file, and without the removal of the one that it was.
        if file.old_path.is_some() && part.base.is_none() {
            let told = format!("{path} was moved; stage or unstage it as a whole in the list of changed files");
            return Err(ServiceError::RepositoryRefused(told));
        }
        if part.spans.is_empty() {
            return Ok(LinesStaged { is_changed: false });
        }
        let request = StageChanges { is_back, paths: None, parts: vec![part] };
        daemon.stage(&request).await.map_err(refusal)?;
        Ok(LinesStaged { is_changed: true })
    }
}

/// What of the lines isn't staged yet. The new ones are numbered as here; the old ones are found again in what is staged.
async fn unstaged_part(
    daemon: &DaemonClient,
    path: &str,
    start: impl Future<Output = Result<Side, ServiceError>>,
    (old, new): (&Range<u32>, &Range<u32>),
    is_whole: bool,
) -> Result<CommitPart, ServiceError> {
    let (start, index, now) = tokio::try_join!(start, side(daemon, path, Some(AT_INDEX)), side(daemon, path, None))?;
    let (base, state) = (view::state(&index), view::state(&now));
    let old = view::compare(path.to_owned(), start, index.clone()).await?.carried(old);
    let spans = view::compare(path.to_owned(), index, now).await?.picked(&old, new, is_whole);
    Ok(CommitPart { path: path.to_owned(), base, state, spans })
}

/// What of the lines is staged. The new ones are found again in what is, the old ones in the last commit.
async fn staged_part(
    daemon: &DaemonClient,
    path: &str,
    start: impl Future<Output = Result<Side, ServiceError>>,
    (old, new): (&Range<u32>, &Range<u32>),
    is_whole: bool,
) -> Result<CommitPart, ServiceError> {
    let (start, head, index, now) = tokio::try_join!(
        start,
        side(daemon, path, Some(LAST_COMMIT)),
        side(daemon, path, Some(AT_INDEX)),
        side(daemon, path, None)
    )?;
    let (base, state) = (view::state(&head), view::state(&index));
    let old = view::compare(path.to_owned(), start, head.clone()).await?.carried(old);
    let new = view::compare(path.to_owned(), now, index.clone()).await?.carried(new);
    let spans = view::compare(path.to_owned(), head, index).await?.picked(&old, &new, is_whole);
    Ok(CommitPart { path: path.to_owned(), base, state, spans })
}
