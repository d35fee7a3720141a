//! How committing by the agent ends: once its turn has ended, the daemon says whether anything is left.

use octobot_wire::SessionId;
use octobot_wire::turn::TurnState;

use super::{JobError, SessionJob};
use crate::sandbox::DaemonClient;

impl SessionJob {
    /// Notes how it has ended, if it has.
    pub(super) async fn settle_commit(&self, id: SessionId) -> Result<(), JobError> {
        let mut tx = self.core.store.read().await?;
        let session = tx.session_by_id(id).await?;
        let flow = session.and_then(|session| session.commit_flow).filter(octobot_wire::code::CommitFlow::is_open);
        let Some(flow) = flow else { return Ok(()) };
        let turn = tx.turn(id, flow.turn_id).await?;
        drop(tx);
        let reason = match turn.map(|turn| turn.state) {
            None => Some("The prompt was deleted.".to_owned()),
            Some(TurnState::Completed) => self.left(id).await?,
            Some(TurnState::Cancelled) => Some("It was stopped.".to_owned()),
            Some(TurnState::Interrupted) => Some("It was interrupted.".to_owned()),
            Some(TurnState::Failed { reason }) => Some(reason),
            Some(TurnState::Queued | TurnState::Delivered | TurnState::Running | TurnState::Waiting) => return Ok(()),
        };
        tracing::info!(session.id = %id, reason, "the agent of session {id} has ended committing");
        self.change(id, |session, _| Ok(session.ended_committing(flow.turn_id, reason))).await?;
        Ok(())
    }

    /// What is left, in words.
    async fn left(&self, id: SessionId) -> Result<Option<String>, JobError> {
        let Some(connection) = self.provider.connect(id).await? else {
            return Ok(Some("The sandbox was stopped before that could be looked at.".to_owned()));
        };
        let state = match DaemonClient::new(connection).repository(None).await {
            Ok(state) => state,
            // That is no reason for the session's next prompts to wait.
            Err(error) => return Ok(Some(format!("What is left couldn’t be looked at: {error}."))),
        };
        let count = state.uncommitted.len() as u64 + state.unlisted;
        Ok(match count {
            0 => None,
            1 => Some("1 file still isn’t committed.".to_owned()),
            count => Some(format!("{count} files still aren’t committed.")),
        })
    }
}
