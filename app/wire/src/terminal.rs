//! Terminals of a session: what is known of one, and what a page and the agent daemon say to each other while one is shown.
//!
//! A terminal's output is one sequence of bytes, numbered from 0 and kept within bounds: [`KEPT_BYTES`] of it. A reader
//! attaches over a WebSocket, `…/attach?after=N`, and gets all bytes from number N on, or from the first that is kept, then those
//! that come. Binary messages are bytes: output to the reader, input from it. Text messages are JSON: [`TerminalNews`] to the
//! reader, [`TerminalOrder`] from it.
//!
//! Both directions have a window. The daemon sends at most [`OUTPUT_WINDOW`] bytes beyond what the reader has acknowledged; a
//! reader sends at most [`INPUT_WINDOW`] bytes beyond what it was told is taken, and is disconnected when it sends more.

use serde::{Deserialize, Serialize};

use crate::tagged::read_tagged;
use crate::{TerminalId, Timestamp};

/// So much of a terminal's output is kept.
pub const KEPT_BYTES: u64 = 4 * 1024 * 1024;

/// So many terminals a session may have.
pub const MAX_TERMINALS: usize = 16;

/// So many closed terminals are kept to search in.
pub const MAX_CLOSED_TERMINALS: usize = 16;

/// So many bytes may be on their way to a reader.
pub const OUTPUT_WINDOW: u64 = 512 * 1024;

/// So many bytes may be on their way from a reader.
pub const INPUT_WINDOW: u64 = 64 * 1024;

/// The longest message from a reader, in bytes.
pub const MAX_INPUT_MESSAGE: usize = 64 * 1024;

/// So many columns or rows a terminal has at most.
pub const MAX_CELLS: u16 = 1000;

/// So many matches a search tells at most.
pub const MAX_MATCHES: usize = 200;

/// A terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Terminal {
    /// Its id.
    pub id: TerminalId,
    /// Its name.
    pub name: String,
    /// Its size in cells, which all who look at it share.
    pub size: TerminalSize,
    /// What its shell does.
    pub shell: ShellState,
    /// How many bytes it has printed so far.
    pub written: u64,
    /// The number of the first byte that is kept.
    pub first: u64,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// A size in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TerminalSize {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

impl Default for TerminalSize {
    fn default() -> Self {
        Self { columns: 80, rows: 24 }
    }
}

impl TerminalSize {
    /// The size within its bounds: from one cell to [`MAX_CELLS`].
    pub fn clamped(self) -> Self {
        Self { columns: self.columns.clamp(1, MAX_CELLS), rows: self.rows.clamp(1, MAX_CELLS) }
    }
}

/// What a terminal's shell does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum ShellState {
    /// It runs.
    Running,
    /// It has ended by itself.
    Exited {
        /// Its exit status.
        code: u8,
    },
    /// A signal has ended it.
    Killed {
        /// The signal's number.
        signal: u8,
    },
    /// The sandbox or its agent daemon ended, and the shell with it.
    Lost,
    /// It couldn't be started.
    Failed {
        /// Why.
        reason: String,
    },
}

read_tagged!(
    ShellState by "state" with { code: u8, signal: u8, reason: String } as
    Running {} Exited { code } Killed { signal } Lost {} Failed { reason }
);

/// A request to open a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenTerminal {
    /// Its id, of the caller's making: a repeat with the same id opens nothing and answers with the first terminal.
    #[serde(default)]
    pub id: Option<TerminalId>,
    /// Its name; without one it is numbered.
    #[serde(default)]
    pub name: Option<String>,
    /// Its size.
    #[serde(default)]
    pub size: TerminalSize,
}

/// A request to rename a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenameTerminal {
    /// Its new name.
    pub name: String,
}

/// What an attached reader is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum TerminalNews {
    /// Where the bytes that follow begin. The first message of all, and again where bytes are left out because the reader was
    /// so far behind that they aren't kept any more.
    Position {
        /// The number of the first byte that follows.
        offset: u64,
        /// How many bytes are left out before it.
        skipped: u64,
        /// The number of the first byte that is printed from now on: those before are told again.
        live: u64,
    },
    /// The terminal as it is now: told at first, and when something of it has changed.
    Terminal {
        /// It.
        terminal: Terminal,
    },
    /// The terminal's program has got input.
    Taken {
        /// How many bytes of this reader's input it has got so far.
        bytes: u64,
    },
    /// The terminal was closed.
    Closed,
}

read_tagged!(
    TerminalNews by "type" with { offset: u64, skipped: u64, live: u64, terminal: Terminal, bytes: u64 } as
    Position { offset, skipped, live } Terminal { terminal } Taken { bytes } Closed {}
);

/// What an attached reader says beside input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum TerminalOrder {
    /// It has shown the bytes before this one.
    Shown {
        /// The number of the first byte that it hasn't shown.
        offset: u64,
    },
    /// The terminal is to have this size.
    Resize {
        /// The size.
        size: TerminalSize,
    },
    /// Input that hasn't been taken yet is dropped, and Ctrl-C is typed.
    Interrupt,
    /// What the terminal itself answers to a question of its program's, such as where the cursor is. Dropped unless a program
    /// runs that reads it: a text that is merely printed can't type anything at a prompt.
    Reply {
        /// The answer.
        data: String,
    },
    /// A new shell is to run, where the former one has ended.
    Start,
}

read_tagged!(
    TerminalOrder by "type" with { offset: u64, size: TerminalSize, data: String } as
    Shown { offset } Resize { size } Interrupt {} Reply { data } Start {}
);

/// What is searched for in the kept output of a session's terminals.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(rename_all = "camelCase")]
pub struct TerminalQuery {
    /// A part of a line, in whatever case.
    #[serde(default)]
    pub text: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TerminalMatches {
    /// The lines, the newest of each terminal first.
    pub lines: Vec<TerminalLine>,
    /// Whether there are more than are told.
    pub more: bool,
}

/// A line that a terminal has printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TerminalLine {
    /// The terminal.
    pub terminal: TerminalId,
    /// Its name.
    pub name: String,
    /// Whether it was closed since.
    pub closed: bool,
    /// The number of the line's first byte.
    pub offset: u64,
    /// The line without escape sequences.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_stays_within_its_bounds() {
        assert_eq!(TerminalSize { columns: 0, rows: 9_999 }.clamped(), TerminalSize { columns: 1, rows: MAX_CELLS });
    }

    #[test]
    fn orders_survive_their_way() {
        for order in [
            TerminalOrder::Shown { offset: 1 << 40 },
            TerminalOrder::Resize { size: TerminalSize::default() },
            TerminalOrder::Interrupt,
            TerminalOrder::Reply { data: "\u{1b}[0n".to_owned() },
            TerminalOrder::Start,
        ] {
            let json = serde_json::to_string(&order).unwrap();
            assert_eq!(serde_json::from_str::<TerminalOrder>(&json).unwrap(), order, "{json}");
        }
        assert!(serde_json::from_str::<TerminalOrder>(r#"{"type":"resize"}"#).is_err());
    }
}
