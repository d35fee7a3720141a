//! What a turn wants done: the state machine's output, as data.

use std::time::Duration;

use octobot_wire::TurnId;
use octobot_wire::daemon::DaemonEventBody;
use octobot_wire::form::Field;
use octobot_wire::launch::AcpLaunch;
use octobot_wire::permission::{AnswerPermission, PermissionOption};

use crate::enclosures::Enclosed;
#[cfg(doc)]
use crate::turn::Turns;

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
    /// Give the prompt to the agent. Its end is told to [`Turns::prompt_ended`].
    Prompt(Box<Prompt>),
    /// Ask the agent to stop working on the prompt. If it doesn't, it is ended.
    CancelPrompt,
    /// Tell the agent how a request was answered.
    Answer {
        /// The request's part.
        part: u32,
        /// The answer that counts.
        answer: AnswerPermission,
    },
    /// End the agent while it works on a prompt: politely, after the grace by force.
    StopAgent {
        /// How long it has to end by itself.
        grace: Duration,
    },
}

/// A prompt for an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The turn.
    pub turn_id: TurnId,
    /// How the agent is launched.
    pub launch: Box<AcpLaunch>,
    /// What it is told.
    pub text: String,
    /// What goes with it; the driver puts that in.
    pub enclosed: Enclosed,
    /// The number of the first part that the agent leaves.
    pub first_part: u32,
}

/// What an agent asks its user: for a permission, or to fill in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The request's part.
    pub part: u32,
    /// The tool call's part, where it is about one.
    pub call: Option<u32>,
    /// What the agent wants to do or to know.
    pub title: String,
    /// The possible answers.
    pub options: Vec<PermissionOption>,
    /// The fields of a form, for the first option.
    pub fields: Vec<Field>,
}
