//! Turns as a pure state machine: what happens comes in, what is to be done goes out as data. No I/O, no async.
//!
//! A turn is what becomes of its prompt, and before the first prompt of a session the setup script. A script is one tool
//! call. What an agent does with a prompt is its own affair until it has ended; only the permissions that it asks for are
//! looked after here, because each is answered once.

mod effect;
mod end;
mod history;
mod permissions;

use std::time::Duration;

use octobot_wire::TurnId;
use octobot_wire::daemon::{DaemonEventBody, DeliverTurn, TurnOutcome};
use octobot_wire::launch::Launch;
use octobot_wire::message::ToolCallStatus;
use octobot_wire::permission::{AnswerPermission, PermissionState};
use octobot_wire::tool::ToolKind;

use crate::enclosures::Enclosed;
pub use crate::turn::effect::{Effect, Prompt, Question};
use crate::turn::end::StopCause;
pub use crate::turn::end::{CallEnd, PromptEnd};
pub use crate::turn::history::{History, OpenTurn};
pub use crate::turn::permissions::AnswerError;

/// A cancelled turn's processes have this long to end by themselves.
pub const CANCEL_GRACE: Duration = Duration::from_secs(5);

/// So long when the daemon itself shuts down.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// A title has at most so many characters.
const TITLE_CHARS: usize = 80;

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
    stage: Stage,
    stopping: Option<StopCause>,
}

/// What a running turn is about.
#[derive(Debug)]
enum Stage {
    /// The setup script; the turn is what follows.
    Setup(Box<DeliverTurn>),
    /// Nothing: the turn, whose setup script has run, is to be let go first.
    Held(Box<DeliverTurn>),
    /// The prompt as a script, a tool call with this number.
    Script(u32),
    /// The prompt, which the agent has.
    Agent,
}

impl Stage {
    /// The number of the tool call that the daemon runs.
    fn call(&self) -> Option<u32> {
        match self {
            Self::Setup(_) => Some(0),
            Self::Script(call) => Some(*call),
            Self::Held(_) | Self::Agent => None,
        }
    }
}

impl Turns {
    /// Goes on from what the log holds. A turn that was running when the daemon died is ended by the effects.
    pub fn resume(mut history: History) -> (Self, Vec<Effect>) {
        let mut effects = Vec::new();
        if let Some(OpenTurn { turn_id, calls }) = history.open.take() {
            let status = ToolCallStatus::Interrupted;
            let ended = |call| Effect::Log(DaemonEventBody::ToolCallEnded { turn_id, call, status });
            effects.extend(calls.into_iter().map(ended));
            effects.extend(history.permissions.withdraw().into_iter().map(Effect::Log));
            effects.push(Effect::Log(DaemonEventBody::TurnEnded { turn_id, outcome: TurnOutcome::Interrupted }));
            effects.push(Effect::Sync);
        }
        (Self { history, running: None, shutting_down: false }, effects)
    }

    /// The turn that runs.
    pub fn running(&self) -> Option<TurnId> {
        self.running.as_ref().map(|running| running.turn_id)
    }

    /// Whether the setup script's time is over.
    pub fn is_set_up(&self) -> bool {
        self.history.set_up
    }

    /// The turn whose prompt waits to be let go.
    pub fn held(&self) -> Option<TurnId> {
        let held = self.running.as_ref().filter(|running| matches!(running.stage, Stage::Held(_)));
        held.map(|running| running.turn_id)
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
        let turn_id = turn.turn_id;
        self.history.turn_started(turn_id);
        if self.history.set_up || turn.setup_script.trim().is_empty() {
            return self.start_prompt(turn, 0);
        }
        let script = turn.setup_script.clone();
        self.running = Some(Running { turn_id, stage: Stage::Setup(Box::new(turn)), stopping: None });
        start_call(turn_id, 0, "Set up".to_owned(), script)
    }

    /// Ends a turn whose reception is [`Reception::New`] and whose start is in the log, because it can't be begun.
    pub fn refuse(&mut self, turn_id: TurnId, reason: String) -> Vec<Effect> {
        self.history.turn_started(turn_id);
        self.history.open = None;
        let outcome = TurnOutcome::Failed { reason, credential: None };
        vec![Effect::Log(DaemonEventBody::TurnEnded { turn_id, outcome }), Effect::Sync]
    }

    fn start_prompt(&mut self, turn: DeliverTurn, first_part: u32) -> Vec<Effect> {
        let DeliverTurn { turn_id, launch, setup_script: _, is_held: _, prompt, files: _ } = turn;
        match launch {
            Launch::Shell => {
                self.running = Some(Running { turn_id, stage: Stage::Script(first_part), stopping: None });
                start_call(turn_id, first_part, title_of(&prompt), prompt)
            }
            Launch::Acp(launch) => {
                self.running = Some(Running { turn_id, stage: Stage::Agent, stopping: None });
                let enclosed = Enclosed::default();
                vec![Effect::Prompt(Box::new(Prompt { turn_id, launch, text: prompt, enclosed, first_part }))]
            }
        }
    }

    /// Begins the prompt of a turn that is held. Nothing happens when it isn't.
    pub fn proceed(&mut self, turn_id: TurnId) -> Result<Vec<Effect>, UnknownTurn> {
        if !self.history.known.contains(&turn_id) {
            return Err(UnknownTurn(turn_id));
        }
        match self.running.take_if(|running| running.turn_id == turn_id && matches!(running.stage, Stage::Held(_))) {
            Some(Running { stage: Stage::Held(turn), .. }) => Ok(self.start_prompt(*turn, 1)),
            _ => Ok(Vec::new()),
        }
    }

    /// A user stops a turn. Nothing happens when it has ended or is being stopped.
    pub fn cancel(&mut self, turn_id: TurnId) -> Result<Vec<Effect>, UnknownTurn> {
        if !self.history.known.contains(&turn_id) {
            return Err(UnknownTurn(turn_id));
        }
        if self.held() == Some(turn_id) {
            return Ok(self.stop(StopCause::Cancelled, CANCEL_GRACE));
        }
        match &mut self.running {
            Some(running) if running.turn_id == turn_id && running.stopping.is_none() => {
                running.stopping = Some(StopCause::Cancelled);
                if running.stage.call().is_some() {
                    return Ok(vec![Effect::Stop { grace: CANCEL_GRACE }]);
                }
                let mut effects: Vec<Effect> = self.withdraw_permissions();
                effects.push(Effect::CancelPrompt);
                Ok(effects)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The agent asks something. What it asks while it is stopped isn't shown to anybody.
    pub fn asked(&mut self, question: Question) -> Vec<Effect> {
        match &self.running {
            Some(Running { turn_id, stopping: None, .. }) => {
                self.history.permissions.requested(&question);
                let turn_id = *turn_id;
                let Question { part, call, title, options, fields } = question;
                let body = DaemonEventBody::PermissionRequested { turn_id, part, call, title, options, fields };
                vec![Effect::Log(body), Effect::Sync]
            }
            _ => Vec::new(),
        }
    }

    /// A user answers a request. The state is the answer that counts.
    pub fn answer(
        &mut self,
        turn_id: TurnId,
        part: u32,
        answer: AnswerPermission,
    ) -> Result<(PermissionState, Vec<Effect>), AnswerError> {
        let (state, is_new) = self.history.permissions.answer(turn_id, part, &answer)?;
        let effects = if is_new {
            let AnswerPermission { option, values } = answer.clone();
            let body = DaemonEventBody::PermissionAnswered { turn_id, part, option: Some(option), values };
            // The agent acts on it, so that it must not be forgotten.
            vec![Effect::Log(body), Effect::Sync, Effect::Answer { part, answer }]
        } else {
            Vec::new()
        };
        Ok((state, effects))
    }

    fn withdraw_permissions(&mut self) -> Vec<Effect> {
        self.history.permissions.withdraw().into_iter().map(Effect::Log).collect()
    }

    /// The running tool call printed something.
    pub fn output(&self, text: String) -> Vec<Effect> {
        let logged = |running: &Running| {
            let call = running.stage.call()?;
            Some(Effect::Log(DaemonEventBody::Output { turn_id: running.turn_id, call, text }))
        };
        self.running.as_ref().and_then(logged).into_iter().collect()
    }

    /// The running tool call has ended.
    pub fn call_ended(&mut self, end: &CallEnd, duration_ms: u64) -> Vec<Effect> {
        let Some(Running { turn_id, stage, stopping }) = self.running.take() else { return Vec::new() };
        let Some(call) = stage.call() else { return Vec::new() };
        let status = end::call_status(end, stopping, duration_ms);
        let mut effects = Vec::new();
        if stopping.is_some() || !matches!(end, CallEnd::Exited(_) | CallEnd::Killed(_)) {
            effects.push(Effect::EndStragglers { turn_id });
        }
        effects.push(Effect::Log(DaemonEventBody::ToolCallEnded { turn_id, call, status }));
        let outcome = match (end::of_call(end, stopping), stage) {
            (Some(outcome), _) => outcome,
            (None, Stage::Setup(turn)) if *end == CallEnd::Exited(0) => {
                effects.extend(self.set_up(turn));
                return effects;
            }
            (None, Stage::Setup(_)) => end::of_setup(end),
            (None, Stage::Script(_) | Stage::Held(_) | Stage::Agent) => TurnOutcome::Completed,
        };
        effects.extend(self.end_turn(turn_id, outcome));
        effects
    }

    /// The setup script of a turn has done its work.
    fn set_up(&mut self, turn: Box<DeliverTurn>) -> Vec<Effect> {
        let turn_id = turn.turn_id;
        self.history.set_up = true;
        let mut effects = vec![Effect::Log(DaemonEventBody::SetUp { turn_id })];
        if turn.is_held {
            self.running = Some(Running { turn_id, stage: Stage::Held(turn), stopping: None });
            effects.push(Effect::Sync);
        } else {
            effects.extend(self.start_prompt(*turn, 1));
        }
        effects
    }

    /// The agent's work on the prompt has ended.
    pub fn prompt_ended(&mut self, end: PromptEnd) -> Vec<Effect> {
        let Some(Running { turn_id, stopping, .. }) = self.running.take() else { return Vec::new() };
        self.end_turn(turn_id, end::of_prompt(end, stopping))
    }

    fn end_turn(&mut self, turn_id: TurnId, outcome: TurnOutcome) -> Vec<Effect> {
        self.history.set_up |= outcome != TurnOutcome::Interrupted;
        self.history.open = None;
        let mut effects = self.withdraw_permissions();
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
        if let Some(turn_id) = self.held() {
            self.running = None;
            return self.end_turn(turn_id, end::of_held(cause));
        }
        let Some(running) = &mut self.running else { return Vec::new() };
        running.stopping.get_or_insert(cause);
        vec![if running.stage.call().is_some() { Effect::Stop { grace } } else { Effect::StopAgent { grace } }]
    }
}

fn start_call(turn_id: TurnId, call: u32, title: String, script: String) -> Vec<Effect> {
    let input = script.clone();
    vec![
        Effect::Log(DaemonEventBody::ToolCallStarted { turn_id, call, title, input, kind: ToolKind::Execute }),
        Effect::Start { turn_id, script },
    ]
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
