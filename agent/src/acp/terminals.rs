//! Commands that an agent has the daemon run: each a process of its own with output that the agent asks for.

use std::collections::HashMap;
use std::time::Duration;

use agent_client_protocol_schema::v1::{self as acp, RawValue, RequestId};
use octobot_wire::TurnId;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::acp::Surroundings;
use crate::acp::message;
use crate::call::{Call, CallEvent};
use crate::control::Mark;
use crate::process::Launch;
use crate::turn::CallEnd;

/// Of a command's output so much is kept for the agent when it doesn't say how much it wants.
const KEPT: usize = 1024 * 1024;

/// So many commands may run at once.
const MOST: usize = 32;

/// A command that is ended has so long to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// So many events wait before commands are no longer read.
const QUEUE: usize = 16;

/// The terminals of one life of an agent's program.
#[derive(Debug)]
pub struct Terminals {
    surroundings: Surroundings,
    mark: Mark,
    last: u32,
    open: HashMap<String, Terminal>,
    /// How many commands run, those of released terminals among them.
    running: usize,
    sender: mpsc::Sender<(String, CallEvent)>,
    events: mpsc::Receiver<(String, CallEvent)>,
    stops: tokio::sync::watch::Sender<Option<Duration>>,
}

#[derive(Debug)]
struct Terminal {
    stop: mpsc::UnboundedSender<Duration>,
    output: Kept,
    status: Option<acp::TerminalExitStatus>,
    /// The requests that wait for its end.
    waiting: Vec<RequestId>,
}

/// The end of an output.
#[derive(Debug)]
struct Kept {
    text: String,
    limit: usize,
    truncated: bool,
}

impl Kept {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        if self.text.len() > self.limit {
            let start = self.text.ceil_char_boundary(self.text.len() - self.limit);
            self.text.drain(..start);
            self.truncated = true;
        }
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Served {
    /// It is answered.
    Now(Result<Value, acp::Error>),
    /// It will be.
    Later,
}

impl Terminals {
    /// None yet. They carry a mark, so that they are found if they are left behind.
    pub fn new(surroundings: Surroundings, mark: Mark) -> Self {
        let (sender, events) = mpsc::channel(QUEUE);
        let stops = tokio::sync::watch::Sender::new(None);
        Self { surroundings, mark, last: 0, open: HashMap::new(), running: 0, sender, events, stops }
    }

    /// The next thing that happens to one of them. Never comes when none runs.
    pub async fn next(&mut self) -> (String, CallEvent) {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    /// Ends all commands, and waits until they have.
    pub async fn end_all(&mut self, grace: Duration) {
        self.stop_all(grace);
        while self.running > 0 {
            let (name, event) = self.next().await;
            // Nobody asks for their output any more, or it is kept.
            drop(self.note(&name, event));
        }
    }

    /// Tells all commands to end.
    pub fn stop_all(&self, grace: Duration) {
        self.stops.send_replace(Some(grace));
    }

    /// Serves a request.
    pub fn serve(&mut self, id: &RequestId, method: &str, params: &RawValue, turn: Option<TurnId>) -> Served {
        let result = match method {
            "terminal/create" => read(params).and_then(|request| self.create(request, turn)),
            "terminal/output" => read(params).and_then(|request| self.output(&request)),
            "terminal/wait_for_exit" => {
                return match read(params).and_then(|request| self.wait(id, &request)) {
                    Ok(Some(answer)) => Served::Now(Ok(answer)),
                    Ok(None) => Served::Later,
                    Err(error) => Served::Now(Err(error)),
                };
            }
            "terminal/kill" => read(params).and_then(|request: acp::KillTerminalRequest| {
                self.find(&request.terminal_id)?.stop();
                Ok(json!({}))
            }),
            "terminal/release" => read(params).and_then(|request: acp::ReleaseTerminalRequest| {
                self.find(&request.terminal_id)?.stop();
                self.open.remove(&*request.terminal_id.0);
                Ok(json!({}))
            }),
            _ => Err(acp::Error::method_not_found()),
        };
        Served::Now(result)
    }

    fn create(&mut self, request: acp::CreateTerminalRequest, turn: Option<TurnId>) -> Result<Value, acp::Error> {
        if self.running >= MOST {
            return Err(acp::Error::invalid_request().data(format!("{MOST} commands run already")));
        }
        let mut environment = self.surroundings.environment.clone();
        for variable in &request.env {
            environment.set(&variable.name, &variable.value);
        }
        // A command without arguments may be a line for the shell.
        let command = if request.args.is_empty() {
            vec!["sh".to_owned(), "-c".to_owned(), request.command]
        } else {
            [vec![request.command], request.args].concat()
        };
        let folder = request.cwd.unwrap_or_else(|| self.surroundings.workspace.clone());
        // One that is started for a turn ends with it when the turn is cancelled and its processes are looked for.
        let mark = turn.map_or_else(|| self.mark.clone(), Mark::of_turn);
        let call = Call::start(Launch { mark, command, environment, folder }, || {});
        self.last += 1;
        let name = format!("terminal-{}", self.last);
        let (stop, stop_orders) = mpsc::unbounded_channel();
        tokio::spawn(forward(name.clone(), call, stop_orders, self.stops.subscribe(), self.sender.clone()));
        self.running += 1;
        let limit = request.output_byte_limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(KEPT);
        let output = Kept { text: String::new(), limit: limit.min(4 * KEPT), truncated: false };
        self.open.insert(name.clone(), Terminal { stop, output, status: None, waiting: Vec::new() });
        Ok(json!({ "terminalId": name }))
    }

    fn find(&mut self, id: &acp::TerminalId) -> Result<&mut Terminal, acp::Error> {
        self.open.get_mut(&*id.0).ok_or_else(|| acp::Error::resource_not_found(Some(id.0.to_string())))
    }

    fn output(&mut self, request: &acp::TerminalOutputRequest) -> Result<Value, acp::Error> {
        let terminal = self.find(&request.terminal_id)?;
        let Kept { text, truncated, .. } = &terminal.output;
        let answer = acp::TerminalOutputResponse::new(text.as_str(), *truncated).exit_status(terminal.status.clone());
        serde_json::to_value(answer).map_err(acp::Error::into_internal_error)
    }

    fn wait(&mut self, id: &RequestId, request: &acp::WaitForTerminalExitRequest) -> Result<Option<Value>, acp::Error> {
        let terminal = self.find(&request.terminal_id)?;
        if terminal.status.is_none() {
            terminal.waiting.push(id.clone());
        }
        terminal.status.as_ref().map(serde_json::to_value).transpose().map_err(acp::Error::into_internal_error)
    }

    /// Takes note of what happened to a terminal, and returns what it printed, and the answers that were waited for.
    pub fn note(&mut self, name: &str, event: CallEvent) -> (Option<String>, Vec<Vec<u8>>) {
        let terminal = self.open.get_mut(name);
        match event {
            CallEvent::Output(text) => {
                if let Some(terminal) = terminal {
                    terminal.output.push(&text);
                }
                (Some(text), Vec::new())
            }
            CallEvent::Ended { end, .. } => {
                self.running -= 1;
                let Some(terminal) = terminal else { return (None, Vec::new()) };
                let status = exit_status(&end);
                let answers = terminal.waiting.drain(..).map(|id| message::response(&id, Ok(&status))).collect();
                terminal.status = Some(status);
                (None, answers)
            }
        }
    }
}

impl Terminal {
    fn stop(&self) {
        // It may have ended already.
        let _ended = self.stop.send(GRACE);
    }
}

/// Passes a command's events on, and orders to it.
async fn forward(
    name: String,
    mut call: Call,
    mut stop: mpsc::UnboundedReceiver<Duration>,
    mut stops: tokio::sync::watch::Receiver<Option<Duration>>,
    events: mpsc::Sender<(String, CallEvent)>,
) {
    loop {
        tokio::select! {
            Some(grace) = stop.recv() => call.stop(grace),
            Ok(()) = stops.changed() => {
                let grace = *stops.borrow_and_update();
                call.stop(grace.unwrap_or_default());
            }
            event = call.next() => {
                let ended = matches!(event, CallEvent::Ended { .. });
                // When the agent's task is gone, so is the daemon.
                if events.send((name.clone(), event)).await.is_err() || ended {
                    return;
                }
            }
        }
    }
}

fn exit_status(end: &CallEnd) -> acp::TerminalExitStatus {
    let status = acp::TerminalExitStatus::new();
    match end {
        CallEnd::Exited(code) => status.exit_code(u32::from(*code)),
        CallEnd::Killed(signal) => status.signal(signal.to_string()),
        CallEnd::Stopped { .. } => status.signal("15".to_owned()),
        // As shells tell that a command can't be run.
        CallEnd::Broken(_) => status.exit_code(127),
    }
}

fn read<T: DeserializeOwned>(params: &RawValue) -> Result<T, acp::Error> {
    serde_json::from_str(params.get()).map_err(|error| acp::Error::invalid_params().data(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_output_the_end_is_kept() {
        let mut kept = Kept { text: String::new(), limit: 10, truncated: false };
        kept.push("12345");
        assert!(!kept.truncated);
        kept.push(&"é".repeat(10));
        assert_eq!((kept.text.as_str(), kept.truncated), ("ééééé", true));
    }
}
