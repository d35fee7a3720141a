//! What the event log says about the turns of former lives of the daemon.

use std::collections::{BTreeSet, HashMap, HashSet};

use octobot_wire::TurnId;
use octobot_wire::permission::PermissionState;

use crate::log::{OutcomeName, Record, RecordKind};
use crate::turn::permissions::Permissions;

/// The turns in the log. Pure.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct History {
    /// All of them.
    pub known: HashSet<TurnId>,
    /// The one that has begun and not ended.
    pub open: Option<OpenTurn>,
    /// Whether the setup script's time is over: it has done its work, or a turn ended otherwise than by the sandbox's death or got
    /// past its first tool call.
    pub set_up: bool,
    /// The thread that the agent opened last for each conversation.
    pub threads: HashMap<u32, String>,
    /// The permissions that the last turn asked for.
    pub permissions: Permissions,
}

/// A turn that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTurn {
    /// Its id.
    pub turn_id: TurnId,
    /// The tool calls that have begun and not ended.
    pub calls: BTreeSet<u32>,
}

impl History {
    /// Takes note of the next event.
    pub fn observe(&mut self, record: &Record) {
        if record.kind == RecordKind::Thread {
            self.threads.extend(record.thread_id.clone().map(|thread| (record.conversation, thread)));
        }
        // Events without a turn end here.
        let Some(turn_id) = record.turn_id else { return };
        self.set_up |= record.call.or(record.part).is_some_and(|part| part > 0);
        match record.kind {
            RecordKind::TurnStarted => self.turn_started(turn_id),
            RecordKind::SetUp => self.set_up = true,
            RecordKind::ToolCallStarted => {
                if let (Some(open), Some(call)) = (&mut self.open, record.call) {
                    open.calls.insert(call);
                }
            }
            RecordKind::ToolCallEnded => {
                if let (Some(open), Some(call)) = (&mut self.open, record.call) {
                    open.calls.remove(&call);
                }
            }
            RecordKind::PermissionRequested => {
                self.permissions.states.extend(record.part.map(|part| (part, PermissionState::Open)));
            }
            RecordKind::PermissionAnswered => {
                let answered = |option: &String| PermissionState::Answered { option: option.clone() };
                let state = record.option.as_ref().map_or(PermissionState::Cancelled, answered);
                self.permissions.states.extend(record.part.map(|part| (part, state)));
            }
            RecordKind::TurnEnded => {
                let outcome = record.outcome.as_ref().map(|recorded| recorded.outcome);
                self.set_up |= outcome != Some(OutcomeName::Interrupted);
                self.open = None;
            }
            RecordKind::Thread | RecordKind::Other => {}
        }
    }

    /// Takes note of the beginning of a turn.
    pub fn turn_started(&mut self, turn_id: TurnId) {
        self.known.insert(turn_id);
        self.open = Some(OpenTurn { turn_id, calls: BTreeSet::new() });
        self.permissions = Permissions::of(turn_id);
    }
}
