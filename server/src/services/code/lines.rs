//! Throwing away lines of a change: what was picked of a difference becomes lines that take the place of others, which the agent daemon
//! puts back.

use std::ops::Range;

use octobot_app::ports::Caller;
use octobot_wire::code::repository::Discarded;
use octobot_wire::code::{DiscardLines, LineRange, PutLinesBack};
use octobot_wire::{ProjectId, SessionId};

use super::CodeService;
use super::repository::refusal;
use crate::services::ServiceError;

impl CodeService {
    /// Puts lines of a file back to what it had when the session started, or before a turn.
    pub async fn discard_lines(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: DiscardLines,
    ) -> Result<Discarded, ServiceError> {
        let DiscardLines { path, turn, state, old, new, is_whole } = request;
        let (old, new) = (counted(old)?, counted(new)?);
        let daemon = self.sessions.running(caller, project, id).await?;
        let Some((file, compared)) = self.comparison(&daemon, id, &path, turn).await? else {
            return Err(ServiceError::RepositoryRefused(format!("{path} has no changes")));
        };
        if compared.state() != state.as_deref() {
            return Err(outdated(&path));
        }
        let spans = compared.picked(&old, &new, is_whole);
        if spans.is_empty() {
            return Err(ServiceError::RepositoryRefused(format!("no changed lines of {path} are chosen")));
        }
        let at = super::before(turn);
        let request = PutLinesBack { path, old_path: file.old_path, at, state, spans };
        daemon.put_lines_back(&request).await.map_err(refusal)
    }
}

/// A file is another one by now.
pub(super) fn outdated(path: &str) -> ServiceError {
    let told = format!("{path} has changed since it was shown; look at it again, and choose lines of what it has now");
    ServiceError::RepositoryRefused(told)
}

/// Lines as they are counted here, from 0.
pub(super) fn counted(range: Option<LineRange>) -> Result<Range<u32>, ServiceError> {
    let Some(LineRange { first, last }) = range else { return Ok(0..0) };
    let begin = first.checked_sub(1).filter(|begin| *begin < last);
    begin.map(|begin| begin..last).ok_or(ServiceError::LinesNotUnderstood)
}
