//! Agents that speak the Agent Client Protocol: the handle by which the driver gives prompts and hears what comes of them.
//!
//! Here belongs all that knows the protocol; the rest of the daemon knows turns, parts and permissions. The protocol's
//! types come from its official schema crate. The transport is this module's own, because a sandbox's programs can't be
//! trusted with what the official one takes for granted: standard output may hold megabytes of anything, nothing may be
//! read out of order or without bounds, and the protocol's logic has to be a state machine that is tested without I/O.
//!
//! `dialogue` is that state machine, `narration` makes events of what an agent tells; both are pure. `agent` is the task
//! that owns the program, `files` and `terminals` serve what it asks for.

mod agent;
mod dialogue;
mod files;
mod form;
mod install;
mod last_words;
mod leftovers;
mod lines;
mod message;
mod narration;
mod program;
mod settings;
mod terminals;
mod translate;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use octobot_wire::daemon::DaemonEventBody;
use octobot_wire::permission::AnswerPermission;
use octobot_wire::setting::{ChangeSetting, Setting};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::acp::agent::Task;
pub use crate::acp::settings::SettingError;
use crate::environment::Environment;
use crate::turn::{Prompt, PromptEnd, Question};

/// So many events wait for the driver before the agent is no longer read.
const QUEUE: usize = 64;

/// What an agent's program finds.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The environment of every process of the sandbox.
    pub environment: Environment,
    /// The folder that the code is in.
    pub workspace: PathBuf,
    /// The folder for what is installed: it may be shared by the sandboxes of a project.
    pub cache: PathBuf,
    /// The folder for the daemon's own files about agents.
    pub data: PathBuf,
}

/// What an agent tells.
#[derive(Debug)]
pub enum AgentEvent {
    /// Something for the log.
    Told(DaemonEventBody),
    /// It asks for a permission, or for a form to be filled in.
    Asked(Question),
    /// Its work on the prompt has ended, and nothing of it runs any more that it should have waited for.
    Ended(PromptEnd),
}

/// What an agent is told.
#[derive(Debug)]
enum Order {
    Prompt(Prompt),
    Cancel,
    Answer { part: u32, answer: AnswerPermission },
    Change { change: ChangeSetting, reply: oneshot::Sender<Result<Vec<Setting>, SettingError>> },
    Stop { grace: Duration },
    ShutDown { grace: Duration },
}

/// The session's agent. Its program is started with the first prompt and kept until it is told to end, or dies.
#[derive(Debug)]
pub struct Agent {
    orders: mpsc::UnboundedSender<Order>,
    events: mpsc::Receiver<AgentEvent>,
    task: JoinHandle<()>,
}

impl Agent {
    /// An agent whose program doesn't run yet. `threads` are the agent's own ids of the threads to go on with, by conversation.
    pub fn new(surroundings: Surroundings, threads: HashMap<u32, String>) -> Self {
        let (orders, order_receiver) = mpsc::unbounded_channel();
        let (event_sender, events) = mpsc::channel(QUEUE);
        let task = tokio::spawn(Task::new(surroundings, threads, event_sender).run(order_receiver));
        Self { orders, events, task }
    }

    /// The next event; never comes when the agent has been shut down.
    pub async fn next(&mut self) -> AgentEvent {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    /// Gives it a prompt. It has none that it works on.
    pub fn prompt(&self, prompt: Prompt) {
        self.order(Order::Prompt(prompt));
    }

    /// Asks it to stop its work, and ends it if it doesn't.
    pub fn cancel(&self) {
        self.order(Order::Cancel);
    }

    /// Tells it how a request was answered.
    pub fn answer(&self, part: u32, answer: AnswerPermission) {
        self.order(Order::Answer { part, answer });
    }

    /// Changes a setting.
    pub fn change(&self, change: ChangeSetting, reply: oneshot::Sender<Result<Vec<Setting>, SettingError>>) {
        self.order(Order::Change { change, reply });
    }

    /// Ends its program: politely, after the grace by force.
    pub fn stop(&self, grace: Duration) {
        self.order(Order::Stop { grace });
    }

    /// Ends its program, for good.
    pub async fn shut_down(mut self, grace: Duration) {
        self.order(Order::ShutDown { grace });
        // What it still tells is about no turn any more.
        while self.events.recv().await.is_some() {}
        if let Err(error) = self.task.await {
            tracing::error!(error = %error, "the agent's task panicked");
        }
    }

    fn order(&self, order: Order) {
        // The task ends only when it is told to, or panics.
        if self.orders.send(order).is_err() {
            tracing::error!("the agent's task is gone");
        }
    }
}
