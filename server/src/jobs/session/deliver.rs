//! Delivering prompts: one at a time, in order, each exactly once.
//!
//! A turn is marked as delivered before the daemon gets it, so that nobody edits a prompt that is on its way. A server
//! that dies in between sends it again, and the daemon, which knows its turns by their ids, runs it once.

use octobot_wire::SessionId;
use octobot_wire::daemon::DeliverTurn;
use octobot_wire::event::Change;
use octobot_wire::turn::TurnState;

use super::{JobError, Outcome, SessionJob};
use crate::domain::{Agent, Turn};
use crate::sandbox::DaemonClient;
use crate::services::ServiceError;

impl SessionJob {
    /// Delivers the next prompt, or passes on that the running one is to stop.
    pub(super) async fn deliver(&self, id: SessionId) -> Result<Outcome, JobError> {
        let Some((turn, agent)) = self.claim(id).await? else { return Ok(Outcome::Done) };
        let Some(connection) = self.provider.connect(id).await? else {
            return Ok(Outcome::LookAgain { after_ms: 0 });
        };
        let daemon = DaemonClient::new(connection);
        if turn.state == TurnState::Delivered {
            let request = DeliverTurn {
                turn_id: turn.id,
                agent_type: agent.agent_type,
                setup_script: agent.setup_script,
                prompt: turn.prompt,
            };
            let answer = daemon.deliver(&request).await?;
            tracing::info!(session.id = %id, turn.id = %turn.id, turn.repeated = answer.repeated, "turn {} was delivered", turn.id);
        }
        if turn.cancel_requested {
            daemon.cancel(turn.id).await?;
        }
        Ok(Outcome::Done)
    }

    /// The turn that the daemon should have now: the one that hasn't ended, else the next in the queue.
    async fn claim(&self, id: SessionId) -> Result<Option<(Turn, Agent)>, JobError> {
        let mut tx = self.core.store.begin().await?;
        let Some(session) = tx.session_by_id(id).await? else { return Ok(None) };
        let turn = match tx.active_turn(id).await? {
            Some(turn) => turn,
            None => match tx.next_queued(id).await? {
                Some(turn) => {
                    let turn = turn.delivered();
                    tx.update_turn(&turn).await?;
                    tx.record(&session.project_id, Change::Turn { turn: turn.to_wire() });
                    turn
                }
                None => return Ok(None),
            },
        };
        let agent = tx.agent_by_id(session.agent_id).await?.ok_or(ServiceError::NotFound("agent"))?;
        self.core.commit(tx).await?;
        Ok(Some((turn, agent)))
    }
}
