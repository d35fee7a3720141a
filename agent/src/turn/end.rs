//! How tool calls and prompts end, and what that means for their turn.

use octobot_wire::daemon::TurnOutcome;
use octobot_wire::message::ToolCallStatus;

/// Why a turn fails whose events can't be kept.
pub const LOG_FAILED: &str = "The sandbox's event log couldn't be written: its disk may be full.";

/// Why a turn that was stopped isn't told to be cancelled.
pub const NOT_ENDED: &str = "It was stopped, but processes that belong to another user couldn't be ended.";

/// How a tool call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEnd {
    /// By itself, with this status.
    Exited(u8),
    /// By this signal.
    Killed(u8),
    /// As it was told to; `left` processes belong to somebody else and couldn't be ended.
    Stopped {
        /// So many.
        left: usize,
    },
    /// It couldn't be run, or what ran it died.
    Broken(String),
}

/// How an agent's work on a prompt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptEnd {
    /// It is done.
    Completed,
    /// It stopped as it was asked to, or was ended because it didn't.
    Cancelled {
        /// Processes that belong to somebody else, so that they couldn't be ended.
        left: usize,
    },
    /// It couldn't be started, refused the prompt, or died.
    Failed {
        /// Why.
        reason: String,
        /// The credential that is missing or was refused.
        credential: Option<String>,
    },
}

/// Why a running turn is stopped. The first cause decides how the turn ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCause {
    /// A user stopped it.
    Cancelled,
    /// The daemon ends.
    ShutDown,
    /// Its events can't be kept.
    LogFailed,
}

/// How a turn ends because of how the agent's work on its prompt ended.
pub fn of_prompt(end: PromptEnd, stopping: Option<StopCause>) -> TurnOutcome {
    match (stopping, end) {
        (Some(StopCause::LogFailed), _) => failed(LOG_FAILED),
        (Some(StopCause::Cancelled), PromptEnd::Cancelled { left: 1.. }) => failed(NOT_ENDED),
        (Some(StopCause::Cancelled), _) => TurnOutcome::Cancelled,
        (None, PromptEnd::Completed) => TurnOutcome::Completed,
        (Some(StopCause::ShutDown), _) | (None, PromptEnd::Cancelled { .. }) => TurnOutcome::Interrupted,
        (None, PromptEnd::Failed { reason, credential }) => TurnOutcome::Failed { reason, credential },
    }
}

/// The status of a tool call that ended so.
pub fn call_status(end: &CallEnd, stopping: Option<StopCause>, duration_ms: u64) -> ToolCallStatus {
    match (stopping, end) {
        (Some(StopCause::Cancelled), _) => ToolCallStatus::Cancelled { duration_ms },
        (None, &CallEnd::Exited(exit_code)) => ToolCallStatus::Exited { exit_code, duration_ms },
        (None, &CallEnd::Killed(signal)) => ToolCallStatus::Killed { signal, duration_ms },
        (Some(StopCause::ShutDown | StopCause::LogFailed), _)
        | (None, CallEnd::Stopped { .. } | CallEnd::Broken(_)) => ToolCallStatus::Interrupted,
    }
}

/// How the turn ends because of how its tool call ended; none when it goes on or completes.
pub fn of_call(end: &CallEnd, stopping: Option<StopCause>) -> Option<TurnOutcome> {
    match (stopping, end) {
        (Some(StopCause::LogFailed), _) => Some(failed(LOG_FAILED)),
        (Some(StopCause::Cancelled), CallEnd::Stopped { left: 1.. }) => Some(failed(NOT_ENDED)),
        (Some(StopCause::Cancelled), _) => Some(TurnOutcome::Cancelled),
        (None, CallEnd::Broken(reason)) => Some(failed(reason)),
        (Some(StopCause::ShutDown), _) | (None, CallEnd::Stopped { .. }) => Some(TurnOutcome::Interrupted),
        (None, CallEnd::Exited(_) | CallEnd::Killed(_)) => None,
    }
}

/// How a turn ends that is stopped before its prompt was begun.
pub fn of_held(cause: StopCause) -> TurnOutcome {
    match cause {
        StopCause::Cancelled => TurnOutcome::Cancelled,
        StopCause::ShutDown => TurnOutcome::Interrupted,
        StopCause::LogFailed => failed(LOG_FAILED),
    }
}

/// A turn that failed for this reason.
pub fn failed(reason: impl Into<String>) -> TurnOutcome {
    TurnOutcome::Failed { reason: reason.into(), credential: None }
}

/// How a turn ends because its setup script failed.
pub fn of_setup(end: &CallEnd) -> TurnOutcome {
    failed(match end {
        CallEnd::Killed(signal) => format!("The setup script was ended by signal {signal}, so the prompt wasn't run."),
        CallEnd::Exited(status) => format!("The setup script exited with {status}, so the prompt wasn't run."),
        CallEnd::Stopped { .. } | CallEnd::Broken(_) => "The setup script couldn't be run.".to_owned(),
    })
}
