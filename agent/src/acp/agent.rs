//! The task that owns an agent's program: starts it when there is a prompt, carries out what the dialogue wants, and sees
//! to it that a prompt has an end whatever becomes of the program.

mod installing;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use agent_client_protocol_schema::v1::{self as acp, RawValue, RequestId};
use octobot_wire::TurnId;
use octobot_wire::daemon::DaemonEventBody;
use octobot_wire::launch::AcpLaunch;
use octobot_wire::setting::Setting;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::acp::agent::installing::Installing;
use crate::acp::dialogue::Action;
use crate::acp::lines::Line;
use crate::acp::program::{self, Found, Program, ProgramEvent};
use crate::acp::terminals::Served;
use crate::acp::{AgentEvent, Order, SettingError, Surroundings, files, message};
use crate::call::CallEvent;
use crate::control::Report;
use crate::stragglers;
use crate::turn::{Prompt, PromptEnd};

/// A program that doesn't heed that its work was cancelled, or is of no use any more, has so long to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// After a program has ended, so long is waited for what it has still printed.
const DRAIN: Duration = Duration::from_millis(200);

type Reply = oneshot::Sender<Result<Vec<Setting>, SettingError>>;

/// The task.
#[derive(Debug)]
pub struct Task {
    surroundings: Surroundings,
    /// The agent's own ids of its threads, by conversation.
    threads: HashMap<u32, String>,
    events: mpsc::Sender<AgentEvent>,
    state: State,
    replies: HashMap<u64, Reply>,
    last_ticket: u64,
    /// The turn whose prompt is worked on.
    turn: Option<TurnId>,
    /// Why the prompt will have failed once the program has ended.
    failure: Option<PromptEnd>,
    is_shutting_down: bool,
}

#[derive(Debug)]
enum State {
    Idle,
    Installing(Box<Installing>),
    Running(Box<Program>),
}

/// What the task waits for.
enum News {
    Order(Option<Order>),
    Install(CallEvent),
    Program(ProgramEvent),
}

impl Task {
    /// A task without a program.
    pub fn new(surroundings: Surroundings, threads: HashMap<u32, String>, events: mpsc::Sender<AgentEvent>) -> Self {
        Self {
            surroundings,
            threads,
            events,
            state: State::Idle,
            replies: HashMap::new(),
            last_ticket: 0,
            turn: None,
            failure: None,
            is_shutting_down: false,
        }
    }

    /// Runs until it is told to shut down and nothing runs any more.
    pub async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        while !(self.is_shutting_down && matches!(self.state, State::Idle)) {
            let news = match &mut self.state {
                State::Idle => News::Order(orders.recv().await),
                State::Installing(installing) => tokio::select! {
                    order = orders.recv() => News::Order(order),
                    event = installing.installation.call.next() => News::Install(event),
                },
                State::Running(program) => tokio::select! {
                    order = orders.recv() => News::Order(order),
                    event = program.next() => News::Program(event),
                },
            };
            match news {
                News::Order(Some(order)) => self.obey(order).await,
                // The driver is gone without a word: it panicked, and the daemon ends.
                News::Order(None) => return,
                News::Install(event) => self.installing(event).await,
                News::Program(event) => self.note(event).await,
            }
        }
    }

    async fn tell(&self, event: AgentEvent) {
        // See above: if the driver is gone, so is the daemon.
        let _driver_gone = self.events.send(event).await;
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Prompt(prompt) => self.prompt(prompt).await,
            Order::Cancel => match &mut self.state {
                State::Idle => {}
                State::Installing(installing) => installing.stop(GRACE),
                State::Running(program) => {
                    let actions = program.dialogue.cancel(Instant::now());
                    self.carry_out(actions).await;
                }
            },
            Order::Answer { part, answer } => {
                if let State::Running(program) = &mut self.state {
                    let actions = program.dialogue.answer(part, answer);
                    self.carry_out(actions).await;
                }
            }
            Order::Change { change, reply } => match &mut self.state {
                State::Running(program) => {
                    self.last_ticket += 1;
                    self.replies.insert(self.last_ticket, reply);
                    let actions = program.dialogue.change(&change, self.last_ticket);
                    self.carry_out(actions).await;
                }
                State::Idle | State::Installing(_) => settle(reply, Err(SettingError::NotRunning)),
            },
            Order::Stop { grace } => self.stop(grace).await,
            Order::ShutDown { grace } => {
                self.is_shutting_down = true;
                self.stop(grace).await;
            }
        }
    }

    async fn stop(&mut self, grace: Duration) {
        match &mut self.state {
            State::Idle => {}
            State::Installing(installing) => installing.stop(grace),
            State::Running(program) => {
                self.failure.get_or_insert(PromptEnd::Cancelled { left: 0 });
                program.stop(grace).await;
            }
        }
    }

    async fn prompt(&mut self, prompt: Prompt) {
        self.turn = Some(prompt.turn_id);
        if let State::Running(program) = &mut self.state
            && program.launch.fits(&prompt.launch)
            && !program.is_stopping
        {
            let actions = program.dialogue.prompt(prompt, Instant::now());
            return self.carry_out(actions).await;
        }
        self.end_program().await;
        self.start(prompt, None).await;
    }

    /// Ends a program that isn't the one that a prompt needs, and waits for its end.
    async fn end_program(&mut self) {
        let State::Running(mut program) = std::mem::replace(&mut self.state, State::Idle) else { return };
        program.stop(GRACE).await;
        let report = loop {
            match program.next().await {
                ProgramEvent::Ended(report) => break report,
                ProgramEvent::Terminal(name, event) => drop(program.terminals.note(&name, event)),
                ProgramEvent::Line(_) | ProgramEvent::Silent | ProgramEvent::Due => {}
            }
        };
        self.bury(program, report).await;
    }

    /// Starts the program for a prompt, or installs it first. `installed` tells of an installation that has ended well.
    async fn start(&mut self, prompt: Prompt, installed: Option<&str>) {
        match program::find(&prompt.launch, &self.surroundings) {
            Found::At(path) => self.start_program(path, prompt).await,
            Found::Installable { package, .. } if installed.is_some() => {
                let name = &prompt.launch.name;
                let program = &prompt.launch.program;
                self.fail(format!("{name} was installed from {package}, but there is no program {program} in it."))
                    .await;
            }
            Found::Installable { npm, package } => self.install(npm, package, prompt).await,
            Found::Missing(reason) => self.fail(reason).await,
        }
    }

    async fn start_program(&mut self, path: String, prompt: Prompt) {
        let AcpLaunch { name, .. } = prompt.launch.as_ref();
        let launch = prompt.launch.as_ref().clone();
        let thread = self.threads.get(&launch.conversation).cloned();
        match Program::start(path, launch, &self.surroundings, prompt.turn_id, thread) {
            Ok((mut program, mut actions)) => {
                tracing::info!(turn.id = %prompt.turn_id, "{name} is started");
                actions.extend(program.dialogue.prompt(prompt, Instant::now()));
                self.state = State::Running(Box::new(program));
                self.carry_out(actions).await;
            }
            Err(error) => {
                let reason = format!("{name} couldn't be started: {error}.");
                self.fail(reason).await;
            }
        }
    }

    async fn note(&mut self, event: ProgramEvent) {
        let State::Running(program) = &mut self.state else { return };
        let now = Instant::now();
        let actions = match event {
            ProgramEvent::Line(Line::Message(message)) => program.dialogue.incoming(message, now),
            ProgramEvent::Line(Line::Noise(text)) => {
                program.last_words.push_line(&text);
                Vec::new()
            }
            // One that can't be heard any more is of no use.
            ProgramEvent::Silent => {
                if !program.is_stopping {
                    program.stop(Duration::from_secs(1)).await;
                }
                Vec::new()
            }
            ProgramEvent::Terminal(name, event) => {
                let (printed, answers) = program.terminals.note(&name, event);
                for answer in answers {
                    program.send(answer);
                }
                printed.map(|text| program.dialogue.terminal_output(&name, text)).unwrap_or_default()
            }
            ProgramEvent::Due => program.dialogue.tick(now),
            ProgramEvent::Ended(report) => return self.program_ended(report).await,
        };
        self.carry_out(actions).await;
    }

    async fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.act(action).await;
        }
    }

    async fn act(&mut self, action: Action) {
        let State::Running(program) = &mut self.state else { return };
        match action {
            Action::Send(line) => program.send(line),
            Action::Tell(body) => {
                if let DaemonEventBody::Thread { thread_id, conversation } = &body {
                    self.threads.insert(*conversation, thread_id.clone());
                }
                self.tell(AgentEvent::Told(body)).await;
            }
            Action::Ask(question) => self.tell(AgentEvent::Asked(question)).await,
            Action::Serve { id, method, params } => self.serve(&id, &method, &params),
            Action::Settle { ticket, result } => {
                if let Some(reply) = self.replies.remove(&ticket) {
                    settle(reply, result);
                }
            }
            Action::RememberProcesses => program.remember_processes(),
            Action::End(PromptEnd::Cancelled { .. }) => {
                let left = program.end_leftovers(GRACE).await;
                self.end(PromptEnd::Cancelled { left }).await;
            }
            Action::End(end) => self.end(end).await,
            Action::Abandon { reason, credential } => {
                self.failure.get_or_insert(PromptEnd::Failed { reason, credential });
                program.stop(Duration::from_secs(1)).await;
            }
            Action::Kill => {
                self.failure.get_or_insert(PromptEnd::Cancelled { left: 0 });
                program.stop(GRACE).await;
            }
        }
    }

    fn serve(&mut self, id: &RequestId, method: &str, params: &RawValue) {
        let State::Running(program) = &mut self.state else { return };
        let workspace = &self.surroundings.workspace;
        let result = match method {
            "fs/read_text_file" => read(params)
                .and_then(|request| Ok(files::read(workspace, &request)?))
                .map(|content| json!({ "content": content })),
            "fs/write_text_file" => {
                read(params).and_then(|request| Ok(files::write(workspace, &request)?)).map(|()| json!({}))
            }
            method => match program.terminals.serve(id, method, params, self.turn) {
                Served::Now(result) => result,
                Served::Later => return,
            },
        };
        program.send(message::response::<Value>(id, result.as_ref()));
    }

    /// The program has ended, whether it should have or not.
    async fn program_ended(&mut self, report: Option<Report>) {
        let State::Running(mut program) = std::mem::replace(&mut self.state, State::Idle) else { return };
        for line in program.rest(DRAIN).await {
            match line {
                Line::Message(message) => {
                    let actions = program.dialogue.incoming(message, Instant::now());
                    self.carry_out_late(actions).await;
                }
                Line::Noise(text) => program.last_words.push_line(&text),
            }
        }
        let sentence = how_it_ended(&program.launch.name, report.as_ref());
        let end = self.failure.take();
        let told = end.clone().unwrap_or_else(|| failed(String::new()));
        let rest = program.dialogue.end_work(told, Instant::now());
        self.threads.extend(program.dialogue.thread().map(|thread| (program.launch.conversation, thread)));
        let words = self.bury(program, report.clone()).await;
        // The end is told below, with the last words.
        let is_news = |action: &Action| !matches!(action, Action::End(_));
        self.carry_out_late(rest.into_iter().filter(is_news).collect()).await;
        let left = if let Some(Report::Stopped { left }) = report { left } else { 0 };
        self.end(match end {
            Some(PromptEnd::Cancelled { .. }) => PromptEnd::Cancelled { left },
            Some(PromptEnd::Failed { reason, credential: None }) => failed(words.after(&reason)),
            Some(end) => end,
            None => failed(words.after(&sentence)),
        })
        .await;
    }

    /// Carries out what can be when the program has ended.
    async fn carry_out_late(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Tell(body) => self.tell(AgentEvent::Told(body)).await,
                Action::End(end) => self.end(end).await,
                _ => {}
            }
        }
    }

    /// Makes sure that nothing of a program is left, and returns its last words.
    async fn bury(&mut self, mut program: Box<Program>, report: Option<Report>) -> crate::acp::last_words::LastWords {
        for (_, reply) in self.replies.drain() {
            settle(reply, Err(SettingError::NotRunning));
        }
        program.terminals.end_all(Duration::ZERO).await;
        // One that was stopped has ended all below it; one that died may have left tools behind.
        if !matches!(report, Some(Report::Stopped { left: 0 }))
            && let Err(error) = stragglers::kill(program.mark()).await
        {
            tracing::error!(error = %error, "processes of an agent may be left");
        }
        program.reap().await.unwrap_or_default()
    }

    async fn fail(&mut self, reason: String) {
        self.end(failed(reason)).await;
    }

    /// Ends the prompt that is worked on, if there is one.
    async fn end(&mut self, end: PromptEnd) {
        self.failure = None;
        if self.turn.take().is_some() {
            self.tell(AgentEvent::Ended(end)).await;
        }
    }
}

fn failed(reason: String) -> PromptEnd {
    PromptEnd::Failed { reason, credential: None }
}

fn settle(reply: Reply, result: Result<Vec<Setting>, SettingError>) {
    // A caller that is gone has no use for it.
    let _gone = reply.send(result);
}

fn read<T: serde::de::DeserializeOwned>(params: &RawValue) -> Result<T, acp::Error> {
    serde_json::from_str(params.get()).map_err(|error| acp::Error::invalid_params().data(error.to_string()))
}

fn how_it_ended(name: &str, report: Option<&Report>) -> String {
    match report {
        Some(Report::Exited { code }) => format!("{name} exited with {code}."),
        Some(Report::Killed { signal }) => format!("{name} was ended by signal {signal}."),
        Some(Report::NotStarted { reason }) => format!("{name} couldn't be started: {reason}."),
        Some(Report::Stopped { .. }) => format!("{name} closed its output and was ended."),
        None => format!("{name} was killed."),
    }
}
