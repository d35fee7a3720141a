//! Turns as a pure state machine: what happens comes in, what is to be done goes out as data. No I/O, no async.
//!
//! A turn is one tool call, the prompt, or two: the setup script before the first prompt of a session.

mod history;

use std::time::Duration;

use octobot_wire::TurnId;
use octobot_wire::daemon::{DaemonEventBody, DeliverTurn, TurnOutcome};
use octobot_wire::message::ToolCallStatus;

pub use crate::turn::history::{History, OpenTurn};

/// A cancelled turn's processes have this long to end by themselves.
pub const CANCEL_GRACE: Duration = Duration::from_secs(5);

/// So long when the daemon itself shuts down.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// A title has at most so many characters.
const TITLE_CHARS: usize = 80;

/// What the driver has to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write an event.
    Log(DaemonEventBody),
    /// Make what was written durable.
    Sync,
    /// Start a tool call. Its output and its end are told to [`Turns::output`] and [`Turns::call_ended`].
    Start {
        /// The turn.
        turn_id: TurnId,
        /// The script to run.
        script: String,
    },
    /// Make sure that no process of the turn is left, also of those that escaped what ran the tool call.
    EndStragglers {
        /// The turn.
        turn_id: TurnId,
    },
    /// End all processes of the running tool call: politely, after the grace by force.
    Stop {
        /// How long they have to end by themselves.
        grace: Duration,
    },
}

/// What becomes of a turn that is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// It can start.
    New,
    /// The daemon has had it already.
    Repeated,
    /// Another one runs.
    Busy(TurnId),
    /// The daemon shuts down.
    ShuttingDown,
}

/// The daemon has never had such a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no turn {0} here")]
pub struct UnknownTurn(pub TurnId);

/// How a tool call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEnd {
    /// By itself, with this status.
    Exited(u8),
    /// By this signal.
    Killed(u8),
    /// As [`Effect::Stop`] asked; `left` processes belong to somebody else and couldn't be ended.
    Stopped {
        /// So many.
        left: usize,
    },
    /// It couldn't be run, or what ran it died.
    Broken(String),
}

/// The turns of a session.
#[derive(Debug)]
pub struct Turns {
    history: History,
    running: Option<Running>,
    shutting_down: bool,
}

#[derive(Debug)]
struct Running {
    turn_id: TurnId,
    call: u32,
    /// The prompt, while the setup script runs before it.
    prompt: Option<String>,
    stopping: Option<StopCause>,
}

/// Why a running turn is stopped. The first cause decides how the turn ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StopCause {
    Cancelled,
    ShutDown,
    LogFailed,
}

impl Turns {
    /// Goes on from what the log holds. A turn that was running when the daemon died is ended by the effects.
    pub fn resume(mut history: History) -> (Self, Vec<Effect>) {
        let mut effects = Vec::new();
        if let Some(OpenTurn { turn_id, call }) = history.open.take() {
            let status = ToolCallStatus::Interrupted;
            effects.extend(call.map(|call| Effect::Log(DaemonEventBody::ToolCallEnded { turn_id, call, status })));
            effects.push(Effect::Log(DaemonEventBody::TurnEnded { turn_id, outcome: TurnOutcome::Interrupted }));
            effects.push(Effect::Sync);
        }
        (Self { history, running: None, shutting_down: false }, effects)
    }

    /// The turn that runs.
    pub fn running(&self) -> Option<TurnId> {
        self.running.as_ref().map(|running| running.turn_id)
    }

    /// What would become of this turn if it were delivered now.
    pub fn reception(&self, turn_id: TurnId) -> Reception {
        match &self.running {
            _ if self.history.known.contains(&turn_id) => Reception::Repeated,
            Some(running) => Reception::Busy(running.turn_id),
            None if self.shutting_down => Reception::ShuttingDown,
            None => Reception::New,
        }
    }

    /// Starts a turn whose reception is [`Reception::New`] and whose start is in the log.
    pub fn start(&mut self, turn: DeliverTurn) -> Vec<Effect> {
        let DeliverTurn { turn_id, setup_script, prompt, agent_type: _ } = turn;
        self.history.known.insert(turn_id);
        let has_setup = !self.history.set_up && !setup_script.trim().is_empty();
        let (script, prompt) = if has_setup { (setup_script, Some(prompt)) } else { (prompt, None) };
        let title = if has_setup { "Set up".to_owned() } else { title_of(&script) };
        self.running = Some(Running { turn_id, call: 0, prompt, stopping: None });
        start_call(turn_id, 0, title, script)
    }

    /// A user stops a turn. Nothing happens when it has ended or is being stopped.
    pub fn cancel(&mut self, turn_id: TurnId) -> Result<Vec<Effect>, UnknownTurn> {
        if !self.history.known.contains(&turn_id) {
            return Err(UnknownTurn(turn_id));
        }
        match &mut self.running {
            Some(running) if running.turn_id == turn_id && running.stopping.is_none() => {
                running.stopping = Some(StopCause::Cancelled);
                Ok(vec![Effect::Stop { grace: CANCEL_GRACE }])
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The running tool call printed something.
    pub fn output(&self, text: String) -> Vec<Effect> {
        let logged = |running: &Running| {
            Effect::Log(DaemonEventBody::Output { turn_id: running.turn_id, call: running.call, text })
        };
        self.running.as_ref().map(logged).into_iter().collect()
    }

    /// The running tool call has ended.
    pub fn call_ended(&mut self, end: &CallEnd, duration_ms: u64) -> Vec<Effect> {
        let Some(Running { turn_id, call, prompt, stopping }) = self.running.take() else { return Vec::new() };
        let status = call_status(end, stopping, duration_ms);
        let mut effects = Vec::new();
        if stopping.is_some() || !matches!(end, CallEnd::Exited(_) | CallEnd::Killed(_)) {
            effects.push(Effect::EndStragglers { turn_id });
        }
        effects.push(Effect::Log(DaemonEventBody::ToolCallEnded { turn_id, call, status }));
        let outcome = match (outcome_of(end, stopping), prompt) {
            (Some(outcome), _) => outcome,
            (None, None) => TurnOutcome::Completed,
            (None, Some(prompt)) if *end == CallEnd::Exited(0) => {
                self.running = Some(Running { turn_id, call: call + 1, prompt: None, stopping: None });
                effects.extend(start_call(turn_id, call + 1, title_of(&prompt), prompt));
                return effects;
            }
            (None, Some(_)) => TurnOutcome::Failed { reason: setup_failure(end) },
        };
        self.history.set_up |= outcome != TurnOutcome::Interrupted;
        effects.push(Effect::Log(DaemonEventBody::TurnEnded { turn_id, outcome }));
        effects.push(Effect::Sync);
        effects
    }

    /// The daemon is to end. It may once [`Turns::running`] tells of no turn.
    pub fn shut_down(&mut self) -> Vec<Effect> {
        self.shutting_down = true;
        self.stop(StopCause::ShutDown, SHUTDOWN_GRACE)
    }

    /// The log can't be written, so that nobody would hear of what the turn does.
    pub fn log_failed(&mut self) -> Vec<Effect> {
        self.stop(StopCause::LogFailed, Duration::ZERO)
    }

    fn stop(&mut self, cause: StopCause, grace: Duration) -> Vec<Effect> {
        let Some(running) = &mut self.running else { return Vec::new() };
        running.stopping.get_or_insert(cause);
        vec![Effect::Stop { grace }]
    }
}

fn start_call(turn_id: TurnId, call: u32, title: String, script: String) -> Vec<Effect> {
    let input = script.clone();
    vec![
        Effect::Log(DaemonEventBody::ToolCallStarted { turn_id, call, title, input }),
        Effect::Start { turn_id, script },
    ]
}

fn call_status(end: &CallEnd, stopping: Option<StopCause>, duration_ms: u64) -> ToolCallStatus {
    match (stopping, end) {
        (Some(StopCause::Cancelled), _) => ToolCallStatus::Cancelled { duration_ms },
        (None, &CallEnd::Exited(exit_code)) => ToolCallStatus::Exited { exit_code, duration_ms },
        (None, &CallEnd::Killed(signal)) => ToolCallStatus::Killed { signal, duration_ms },
        (Some(StopCause::ShutDown | StopCause::LogFailed), _)
        | (None, CallEnd::Stopped { .. } | CallEnd::Broken(_)) => ToolCallStatus::Interrupted,
    }
}

/// How the turn ends because of how its tool call ended; none when it goes on or completes.
fn outcome_of(end: &CallEnd, stopping: Option<StopCause>) -> Option<TurnOutcome> {
    let failed = |reason: &str| Some(TurnOutcome::Failed { reason: reason.to_owned() });
    match (stopping, end) {
        (Some(StopCause::LogFailed), _) => failed("The sandbox's event log couldn't be written: its disk may be full."),
        (Some(StopCause::Cancelled), CallEnd::Stopped { left: 1.. }) => {
            failed("It was stopped, but processes that belong to another user couldn't be ended.")
        }
        (Some(StopCause::Cancelled), _) => Some(TurnOutcome::Cancelled),
        (None, CallEnd::Broken(reason)) => failed(reason),
        (Some(StopCause::ShutDown), _) | (None, CallEnd::Stopped { .. }) => Some(TurnOutcome::Interrupted),
        (None, CallEnd::Exited(_) | CallEnd::Killed(_)) => None,
    }
}

fn setup_failure(end: &CallEnd) -> String {
    match end {
        CallEnd::Killed(signal) => format!("The setup script was ended by signal {signal}, so the prompt wasn't run."),
        CallEnd::Exited(status) => format!("The setup script exited with {status}, so the prompt wasn't run."),
        CallEnd::Stopped { .. } | CallEnd::Broken(_) => "The setup script couldn't be run.".to_owned(),
    }
}

/// The first line of a script that has something in it.
fn title_of(script: &str) -> String {
    let line = script.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let shown = line.chars().map(|c| if c.is_control() { ' ' } else { c });
    if line.chars().nth(TITLE_CHARS).is_none() {
        shown.collect()
    } else {
        shown.take(TITLE_CHARS - 1).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests;
