//! Putting a session's files back to what they were before a turn.

use octobot_app::ports::Caller;
use octobot_wire::code::Rewound;
use octobot_wire::{ProjectId, SessionId, TurnId};

use super::{CodeService, of_turn};
use crate::services::ServiceError;

impl CodeService {
    /// Puts files, branch and index back to what they were before a turn. What they are now is kept, so that it can be undone.
    pub async fn rewind(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        turn: TurnId,
    ) -> Result<Rewound, ServiceError> {
        let daemon = self.sessions.running(caller, project, session).await?;
        let rewound = daemon.rewind(turn).await.map_err(of_turn)?;
        tracing::info!(session.id = %session, turn.id = %turn, "the files of session {session} were put back");
        Ok(rewound)
    }

    /// Undoes that.
    pub async fn undo_rewind(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        number: u32,
    ) -> Result<Rewound, ServiceError> {
        let daemon = self.sessions.running(caller, project, session).await?;
        daemon.undo_rewind(number).await.map_err(of_turn)
    }
}
