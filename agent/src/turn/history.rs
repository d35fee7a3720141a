//! What the event log says about the turns of former lives of the daemon.

use std::collections::HashSet;

use octobot_wire::TurnId;

use crate::log::{OutcomeName, Record, RecordKind};

/// The turns in the log. Pure.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct History {
    /// All of them.
    pub known: HashSet<TurnId>,
    /// The one that has begun and not ended.
    pub open: Option<OpenTurn>,
    /// Whether the setup script's time is over: a turn ended otherwise than by the sandbox's death, or got past its
    /// first tool call.
    pub set_up: bool,
}

/// A turn that has begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenTurn {
    /// Its id.
    pub turn_id: TurnId,
    /// The tool call that has begun and not ended.
    pub call: Option<u32>,
}

impl History {
    /// Takes note of the next event.
    pub fn observe(&mut self, record: &Record) {
        let turn_id = record.turn_id;
        match record.kind {
            RecordKind::TurnStarted => {
                self.known.insert(turn_id);
                self.open = Some(OpenTurn { turn_id, call: None });
            }
            RecordKind::ToolCallStarted => {
                self.set_up |= record.call.is_some_and(|call| call > 0);
                self.open = Some(OpenTurn { turn_id, call: record.call });
            }
            RecordKind::Output => {}
            RecordKind::ToolCallEnded => self.open = Some(OpenTurn { turn_id, call: None }),
            RecordKind::TurnEnded => {
                let outcome = record.outcome.as_ref().map(|recorded| recorded.outcome);
                self.set_up |= outcome != Some(OutcomeName::Interrupted);
                self.open = None;
            }
        }
    }
}
