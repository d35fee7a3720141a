//! One transaction's worth of changes to a session's transcript.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use octobot_proxy::policy::Phase;
use octobot_wire::daemon::TurnOutcome;
use octobot_wire::event::Change;
use octobot_wire::message::{Message as WireMessage, MessageRole};
use octobot_wire::setting::AgentState;
use octobot_wire::tool::FileContent;
use octobot_wire::turn::TurnState;
use octobot_wire::usage::Usage;
use octobot_wire::{MessageId, PartId, ProjectId, Timestamp, TurnId};

use super::close::close_parts;
use crate::domain::{File, Part, PartContent, Session, Turn};
use crate::services::transcript::{attachment_part, part_to_wire};
use crate::services::{Core, ServiceError};
use crate::store::Tx;

/// See the module.
pub(super) struct Batch<'a> {
    pub(super) core: &'a Core,
    pub(super) tx: Tx,
    pub(super) session: Session,
    /// The turn from whose setup on something else holds for the session's network.
    pub(super) let_go: Option<TurnId>,
}

/// A text as every store can hold it: NUL is shown as a symbol, as the agent daemon shows it in output.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}

impl Batch<'_> {
    fn project(&self) -> ProjectId {
        self.session.project_id.clone()
    }

    pub(super) fn record(&mut self, change: Change) {
        let project = self.project();
        self.tx.record(&project, change);
    }

    pub(super) async fn turn(&mut self, id: TurnId) -> Result<Turn, ServiceError> {
        self.tx.turn(self.session.id, id).await?.ok_or(ServiceError::NotFound("turn"))
    }

    pub(super) async fn update_turn(&mut self, turn: &Turn) -> Result<(), ServiceError> {
        self.tx.update_turn(turn).await?;
        self.record(Change::Turn { turn: turn.to_wire() });
        Ok(())
    }

    pub(super) async fn turn_started(&mut self, turn_id: TurnId, at: Timestamp) -> Result<(), ServiceError> {
        let turn = self.turn(turn_id).await?.started(at)?;
        self.update_turn(&turn).await?;
        let message = self.add_message(turn_id, MessageRole::User, at).await?;
        self.add_part(message, None, PartContent::Text { text: turn.prompt }).await?;
        for file in turn.attachments {
            let part = attachment_part(&self.session.project_id, self.session.id, file);
            self.record(Change::Part { session_id: self.session.id, message_id: message, part });
        }
        self.set_turn_runs(true, at).await
    }

    /// The setup script's time is over: from now on holds what holds for agents.
    pub(super) async fn set_up(&mut self, turn: TurnId) -> Result<(), ServiceError> {
        if self.session.phase == Phase::Setup {
            self.session.phase = Phase::Agent;
            self.tx.update_session(&self.session).await?;
            self.let_go = Some(turn);
        }
        Ok(())
    }

    pub(super) async fn turn_usage(&mut self, turn_id: TurnId, usage: Usage) -> Result<(), ServiceError> {
        let turn = self.turn(turn_id).await?;
        let turn = Turn { usage, ..turn };
        self.update_turn(&turn).await?;
        self.agent_told(|state| state.usage = state.usage.plus(usage)).await
    }

    /// Takes over what the agent tells about itself.
    pub(super) async fn agent_told(&mut self, change: impl FnOnce(&mut AgentState)) -> Result<(), ServiceError> {
        let session_id = self.session.id;
        let mut agent_state = self.tx.agent_state(session_id).await?;
        change(&mut agent_state);
        self.tx.update_agent_state(session_id, &agent_state).await?;
        self.record(Change::AgentState { session_id, agent_state });
        Ok(())
    }

    pub(super) async fn turn_ended(
        &mut self,
        turn_id: TurnId,
        outcome: &TurnOutcome,
        at: Timestamp,
    ) -> Result<(), ServiceError> {
        let turn = self.turn(turn_id).await?;
        close_parts(&mut self.tx, &self.session, turn_id).await?;
        if let TurnOutcome::Failed { reason, credential } = outcome {
            let message = self.agent_message(turn_id, at).await?;
            let content = PartContent::Error { text: storable(reason), credential: credential.clone() };
            self.add_part(message, None, content).await?;
        }
        // A session that was stopped by force has its turn ended already; the daemon tells of it later.
        if !turn.state.has_ended() {
            let turn = turn.ended(state_after(outcome), at)?;
            self.update_turn(&turn).await?;
        }
        self.set_up(turn_id).await?;
        self.set_turn_runs(false, at).await
    }

    /// Adds a file that the agent sent.
    pub(super) async fn file(
        &mut self,
        turn_id: TurnId,
        number: u32,
        content: &FileContent,
        at: Timestamp,
    ) -> Result<(), ServiceError> {
        let (file, data) = self.decoded(content);
        let message = self.agent_message(turn_id, at).await?;
        let part = self.add_part(message, Some(number), PartContent::File(file.clone())).await?;
        Ok(self.tx.insert_file(part, &file, &data).await?)
    }

    /// A file and its bytes; none, if they can't be decoded.
    pub(super) fn decoded(&self, content: &FileContent) -> (File, Vec<u8>) {
        let data = BASE64_STANDARD.decode(&content.data).unwrap_or_default();
        let file = File {
            id: self.core.fresh(),
            name: storable(&content.name),
            media_type: storable(&content.media_type),
            bytes: data.len() as u64,
        };
        (file, data)
    }

    pub(super) async fn agent_message(&mut self, turn_id: TurnId, at: Timestamp) -> Result<MessageId, ServiceError> {
        match self.tx.agent_message(turn_id).await? {
            Some(id) => Ok(id),
            None => self.add_message(turn_id, MessageRole::Agent, at).await,
        }
    }

    async fn add_message(
        &mut self,
        turn_id: TurnId,
        role: MessageRole,
        at: Timestamp,
    ) -> Result<MessageId, ServiceError> {
        let id = MessageId::new(self.core.fresh());
        let message = self.tx.insert_message(id, self.session.id, turn_id, role, at).await?;
        self.record(Change::Message {
            message: WireMessage {
                rewound: false,
                id,
                session_id: self.session.id,
                turn_id,
                number: message.number,
                role,
                created_at: at,
                parts: Vec::new(),
                usage: message.usage,
            },
        });
        Ok(id)
    }

    /// Puts a part where the one with its number is, or at the message's end.
    pub(super) async fn put_part(
        &mut self,
        turn_id: TurnId,
        number: u32,
        content: PartContent,
        at: Timestamp,
    ) -> Result<(), ServiceError> {
        if let Some((message, part)) = self.tx.part(turn_id, number).await? {
            return self.update_part(message, Part { content, ..part }).await;
        }
        let message = self.agent_message(turn_id, at).await?;
        self.add_part(message, Some(number), content).await.map(drop)
    }

    pub(super) async fn add_part(
        &mut self,
        message: MessageId,
        number: Option<u32>,
        content: PartContent,
    ) -> Result<PartId, ServiceError> {
        let part = self.tx.insert_part(message, PartId::new(self.core.fresh()), number, &content).await?;
        let id = part.id;
        self.record_part(message, part).await?;
        Ok(id)
    }

    pub(super) async fn update_part(&mut self, message: MessageId, part: Part) -> Result<(), ServiceError> {
        self.tx.update_part(part.id, &part.content).await?;
        self.record_part(message, part).await
    }

    async fn record_part(&mut self, message_id: MessageId, part: Part) -> Result<(), ServiceError> {
        let part = part_to_wire(&mut self.tx, &self.session.project_id, self.session.id, part).await?;
        self.record(Change::Part { session_id: self.session.id, message_id, part });
        Ok(())
    }

    async fn set_turn_runs(&mut self, runs: bool, at: Timestamp) -> Result<(), ServiceError> {
        self.session = self.session.clone().turn_runs(runs, at);
        self.tx.update_session(&self.session).await?;
        let session = self.session.to_wire();
        self.record(Change::Session { session });
        Ok(())
    }
}

fn state_after(outcome: &TurnOutcome) -> TurnState {
    match outcome {
        TurnOutcome::Completed => TurnState::Completed,
        TurnOutcome::Cancelled => TurnState::Cancelled,
        TurnOutcome::Failed { reason, .. } => TurnState::Failed { reason: reason.clone() },
        TurnOutcome::Interrupted => TurnState::Interrupted,
    }
}
