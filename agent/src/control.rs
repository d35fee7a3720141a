//! What the daemon and the root process of a tool call, an agent or a terminal's shell tell each other over a socket, one JSON value a line.
//!
//! The socket is also a lifeline: when the daemon dies its end closes, and the root process ends everything below it.

use std::fmt;

use octobot_wire::{TerminalId, TurnId};
use serde::{Deserialize, Serialize};

/// From the daemon to the root process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// End every descendant: politely, and after the grace by force. A later order may shorten the grace.
    Stop {
        /// How long the descendants have to end by themselves.
        grace_ms: u64,
    },
}

/// From the root process to the daemon; its last word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Report {
    /// The command ended by itself.
    Exited {
        /// Its status.
        code: u8,
    },
    /// A signal ended the command.
    Killed {
        /// The signal's number.
        signal: u8,
    },
    /// The command couldn't be started.
    NotStarted {
        /// Why.
        reason: String,
    },
    /// The command was stopped as ordered.
    Stopped {
        /// Processes that belong to somebody else, so that they couldn't be ended.
        left: usize,
    },
}

/// The name of the variable that marks every process of a turn or an agent.
pub const MARK_VARIABLE: &str = "OCTOBOT_TURN";

/// The name of the variable that marks the root process of a tool call or an agent.
pub const ROOT_VARIABLE: &str = "OCTOBOT_TURN_ROOT";

/// What processes that belong together have in their environment, so that they can be found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mark(String);

impl Mark {
    /// That of a turn's tool calls.
    pub fn of_turn(turn: TurnId) -> Self {
        Self(turn.to_string())
    }

    /// That of an agent: it outlives the turn that it was started for, and ends for other reasons.
    pub fn of_agent(first_turn: TurnId) -> Self {
        Self(format!("agent-{first_turn}"))
    }

    /// That of a terminal's shell.
    pub fn of_terminal(terminal: TerminalId) -> Self {
        Self(format!("terminal-{terminal}"))
    }

    /// As it stands in the environment.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The line that carries a message.
pub fn line(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("orders and reports have no maps, so they are always JSON");
    line.push(b'\n');
    line
}
