//! The API of the agent daemon, which the server calls. HTTP/1.1 over a Unix socket or TCP, `Authorization: Bearer`
//! with the sandbox's token on every request.
//!
//! | call | body | answer |
//! |---|---|---|
//! | `GET /health` | | 200 [`Health`] |
//! | `POST /code` | a git bundle, streamed | 200 [`CodeReceived`]; 409 when the workspace already holds code or other files |
//! | `POST /turns` | [`DeliverTurn`] | 200 [`TurnDelivered`]; 409 while another turn runs |
//! | `POST /turns/{id}/cancel` | | 202; 404 when the turn isn't known; 202 also when it has ended |
//! | `GET /events?after=N` | | 200, one [`DaemonEvent`] as JSON a line, stays open; 409 when the log ends before N |
//!
//! Failures are answered with a [`DaemonProblem`]: 401 for a missing or wrong token, 501 for code when the sandbox has
//! no git, 507 when its disk is full, 503 while the daemon shuts down.

use serde::{Deserialize, Serialize};

use crate::agent::AgentTypeId;
use crate::message::ToolCallStatus;
use crate::{Timestamp, TurnId};

/// The ref in the bundle that the sandbox's branch starts from: the workspace's HEAD. Absent when it has no commit.
pub const BUNDLE_BASE_REF: &str = "refs/octobot/base";

/// The ref in the bundle whose tree the work tree gets: what the user sees, uncommitted changes included.
pub const BUNDLE_TREE_REF: &str = "refs/octobot/tree";

/// The status with which process 1 of a container ends when the image lacks what every session needs. The last line that it
/// has printed then says what is missing.
pub const UNSUITABLE_IMAGE_STATUS: u8 = 78;

/// The daemon is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The daemon's version.
    pub version: String,
    /// The number of the last event in the log; 0 when there is none.
    pub last_event: u64,
    /// The turn that runs.
    pub turn: Option<TurnId>,
    /// Whether the workspace holds code.
    pub has_code: bool,
}

/// The code is in the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeReceived {
    /// The commit that the session starts from; none when the workspace has none.
    pub base: Option<String>,
}

/// A turn for the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliverTurn {
    /// Its id. A turn that the daemon already has isn't run again.
    pub turn_id: TurnId,
    /// The agent type.
    pub agent_type: AgentTypeId,
    /// See [`crate::agent::Agent::setup_script`]. It runs as a tool call of its own before the first turn.
    pub setup_script: String,
    /// The prompt.
    pub prompt: String,
}

/// The daemon has the turn, and its log says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnDelivered {
    /// Whether the daemon had it already.
    pub repeated: bool,
}

/// Why the daemon refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{detail}")]
pub struct DaemonProblem {
    /// For a person.
    pub detail: String,
}

/// A line of the daemon's event log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DaemonEvent {
    /// 1, 2, 3 … within the session, without a gap.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub body: DaemonEventBody,
}

/// What happened in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DaemonEventBody {
    /// A turn was accepted and is about to run.
    TurnStarted {
        /// Which.
        turn_id: TurnId,
    },
    /// A tool call began.
    ToolCallStarted {
        /// The turn.
        turn_id: TurnId,
        /// 0, 1, 2 … within the turn.
        call: u32,
        /// One line that says what is done.
        title: String,
        /// What was given to the tool.
        input: String,
    },
    /// A tool call printed something. Invalid UTF-8 has been replaced by U+FFFD; a character is never split.
    Output {
        /// The turn.
        turn_id: TurnId,
        /// The tool call.
        call: u32,
        /// What it printed.
        text: String,
    },
    /// A tool call ended.
    ToolCallEnded {
        /// The turn.
        turn_id: TurnId,
        /// The tool call.
        call: u32,
        /// How; never `running`.
        status: ToolCallStatus,
    },
    /// A turn ended, and nothing of it runs any more that it should have waited for.
    TurnEnded {
        /// Which.
        turn_id: TurnId,
        /// How.
        outcome: TurnOutcome,
    },
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum TurnOutcome {
    /// The agent did what it could. A script that exits with 1 completes its turn.
    Completed,
    /// A user stopped it.
    Cancelled,
    /// The agent itself couldn't run or died.
    Failed {
        /// Why, with its last lines on stderr where there are any.
        reason: String,
    },
    /// The daemon was killed while the turn ran.
    Interrupted,
}
