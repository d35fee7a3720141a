//! Turns and how their state changes.

use octobot_wire::turn::TurnState;
use octobot_wire::usage::Usage;
use octobot_wire::{SessionId, Timestamp, TurnId, turn as wire};

use super::{File, InvalidTransition};

/// A turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Its id.
    pub id: TurnId,
    /// The session it belongs to.
    pub session_id: SessionId,
    /// 1, 2, 3 … within the session.
    pub number: u64,
    /// Of the turns that wait the one with the smallest place runs next.
    pub place: i64,
    /// The prompt. Encrypted in the store until it is delivered.
    pub prompt: String,
    /// The files that go with it; their bytes stand apart.
    pub attachments: Vec<File>,
    /// Where it stands.
    pub state: TurnState,
    /// Whether a user asked for it to be stopped after it was delivered.
    pub cancel_requested: bool,
    /// When the prompt was stored.
    pub created_at: Timestamp,
    /// When the agent began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it cost, as far as the agent has told.
    pub usage: Usage,
}

impl Turn {
    /// Takes another prompt while it is queued.
    pub fn edit(mut self, prompt: String) -> Result<Self, InvalidTransition> {
        self.refuse_unless_queued("be edited")?;
        self.prompt = prompt;
        Ok(self)
    }

    /// Says whether it can be deleted: only while it is queued.
    pub fn check_deletable(&self) -> Result<(), InvalidTransition> {
        self.refuse_unless_queued("be deleted")
    }

    /// Goes before all the others of `open` that wait. One that goes first already stays where it is.
    pub fn first_of(mut self, open: &[Self]) -> Result<Self, InvalidTransition> {
        self.refuse_unless_queued("be sent now")?;
        let others = open.iter().filter(|other| other.id != self.id && other.state == TurnState::Queued);
        if let Some(first) = others.map(|other| other.place).min().filter(|first| *first <= self.place) {
            self.place = first - 1;
        }
        Ok(self)
    }

    /// Whether the agent daemon has it and hasn't ended it.
    pub fn is_active(&self) -> bool {
        matches!(self.state, TurnState::Delivered | TurnState::Running | TurnState::Waiting)
    }

    /// The agent daemon has it. Its events may have been quicker, so a later state stays.
    pub fn delivered(mut self) -> Self {
        if self.state == TurnState::Queued {
            self.state = TurnState::Delivered;
        }
        self
    }

    /// The agent began. The delivery may not have been noted yet: the server can die in between.
    pub fn started(mut self, at: Timestamp) -> Result<Self, InvalidTransition> {
        match self.state {
            TurnState::Queued | TurnState::Delivered => {
                self.state = TurnState::Running;
                self.started_at = Some(at);
                Ok(self)
            }
            TurnState::Running
            | TurnState::Waiting
            | TurnState::Completed
            | TurnState::Cancelled
            | TurnState::Failed { .. }
            | TurnState::Interrupted => Err(self.refusal("start")),
        }
    }

    /// The agent waits for an answer, or has got it. Ignored unless the turn runs.
    pub fn waits(mut self, waits: bool) -> Self {
        match self.state {
            TurnState::Running if waits => self.state = TurnState::Waiting,
            TurnState::Waiting if !waits => self.state = TurnState::Running,
            _ => {}
        }
        self
    }

    /// It ended as `state` says.
    pub fn ended(mut self, state: TurnState, at: Timestamp) -> Result<Self, InvalidTransition> {
        if self.state.has_ended() || !state.has_ended() {
            return Err(self.refusal("end"));
        }
        self.state = state;
        self.ended_at = Some(at);
        Ok(self)
    }

    /// A user stops it. A queued turn ends at once; for one that the daemon has, the daemon has to be asked.
    pub fn cancel(mut self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self.state {
            TurnState::Queued => {
                self.state = TurnState::Cancelled;
                self.ended_at = Some(now);
                Ok(self)
            }
            TurnState::Delivered | TurnState::Running | TurnState::Waiting => {
                self.cancel_requested = true;
                Ok(self)
            }
            TurnState::Completed | TurnState::Cancelled | TurnState::Failed { .. } | TurnState::Interrupted => {
                Err(self.refusal("be stopped"))
            }
        }
    }

    /// The turn as clients see it.
    pub fn to_wire(&self) -> wire::Turn {
        wire::Turn {
            id: self.id,
            session_id: self.session_id,
            number: self.number,
            place: self.place,
            prompt: self.prompt.clone(),
            attachments: self.attachments.iter().map(File::to_attachment).collect(),
            state: self.state.clone(),
            created_at: self.created_at,
            started_at: self.started_at,
            ended_at: self.ended_at,
            usage: self.usage,
        }
    }

    fn refuse_unless_queued(&self, change: &'static str) -> Result<(), InvalidTransition> {
        if self.state == TurnState::Queued { Ok(()) } else { Err(self.refusal(change)) }
    }

    fn refusal(&self, change: &'static str) -> InvalidTransition {
        let state = match self.state {
            TurnState::Queued => "queued",
            TurnState::Delivered => "delivered",
            TurnState::Running => "running",
            TurnState::Waiting => "waiting for an answer",
            TurnState::Completed => "completed",
            TurnState::Cancelled => "cancelled",
            TurnState::Failed { .. } => "failed",
            TurnState::Interrupted => "interrupted",
        };
        InvalidTransition { entity: "The turn", state, change }
    }
}

#[cfg(test)]
mod tests {
    use octobot_wire::{SessionId, Timestamp, TurnId};

    use super::*;

    fn turn(state: TurnState) -> Turn {
        Turn {
            id: TurnId::new(uuid::Uuid::from_u128(1)),
            session_id: SessionId::new(uuid::Uuid::from_u128(2)),
            number: 1,
            place: 1,
            prompt: "ls".to_owned(),
            attachments: Vec::new(),
            state,
            cancel_requested: false,
            created_at: Timestamp(1),
            started_at: None,
            ended_at: None,
            usage: Usage::default(),
        }
    }

    #[test]
    fn a_turn_waits_only_while_it_runs() {
        assert_eq!(turn(TurnState::Running).waits(true).state, TurnState::Waiting);
        assert_eq!(turn(TurnState::Waiting).waits(false).state, TurnState::Running);
        assert_eq!(turn(TurnState::Cancelled).waits(true).state, TurnState::Cancelled);
        assert_eq!(turn(TurnState::Completed).waits(false).state, TurnState::Completed);
    }

    #[test]
    fn a_turn_whose_delivery_was_not_noted_can_start() {
        assert_eq!(turn(TurnState::Queued).started(Timestamp(5)).unwrap().state, TurnState::Running);
    }

    #[test]
    fn a_late_note_of_delivery_does_not_take_a_turn_back() {
        assert_eq!(turn(TurnState::Completed).delivered().state, TurnState::Completed);
    }

    #[test]
    fn only_a_queued_turn_is_edited_or_deleted() {
        assert!(turn(TurnState::Queued).edit("pwd".to_owned()).is_ok());
        assert!(turn(TurnState::Delivered).edit("pwd".to_owned()).is_err());
        assert!(turn(TurnState::Running).check_deletable().is_err());
    }

    #[test]
    fn a_turn_that_is_sent_now_goes_before_all_that_wait_and_stays_there() {
        let waits = |number: u64, place| Turn {
            id: TurnId::new(uuid::Uuid::from_u128(number.into())),
            number,
            place,
            ..turn(TurnState::Queued)
        };
        let mut open = vec![Turn { state: TurnState::Running, place: -7, ..waits(1, 1) }, waits(2, 2), waits(3, 3)];
        let sent = waits(3, 3).first_of(&open).unwrap();
        assert_eq!(sent.place, 1);
        open[2] = sent.clone();
        assert_eq!(sent.first_of(&open).unwrap().place, 1);
        assert_eq!(waits(4, 4).first_of(&open).unwrap().place, 0);
        assert!(turn(TurnState::Running).first_of(&open).is_err());
    }

    #[test]
    fn an_ended_turn_stays_ended() {
        assert!(turn(TurnState::Completed).cancel(Timestamp(9)).is_err());
        assert!(turn(TurnState::Cancelled).ended(TurnState::Completed, Timestamp(9)).is_err());
        assert!(turn(TurnState::Interrupted).started(Timestamp(9)).is_err());
    }
}
