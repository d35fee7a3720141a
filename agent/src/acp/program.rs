//! Finding an agent's program, and starting it.

use std::io;
use std::path::Path;
use std::time::Instant;

use octobot_wire::TurnId;
use octobot_wire::launch::{AcpLaunch, McpTransport, SystemPromptWay};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedWriteHalf, pipe};
use tokio::sync::mpsc;

use crate::acp::Surroundings;
use crate::acp::dialogue::{Action, Dialogue};
use crate::acp::install;
use crate::acp::last_words::LastWords;
use crate::acp::leftovers::Processes;
use crate::acp::lines::{Line, Lines};
use crate::acp::terminals::Terminals;
use crate::call::CallEvent;
use crate::control::{Mark, Report};
use crate::environment::Environment;
use crate::process::{Launch, Process};

/// Where a program is, or how to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Here.
    At(String),
    /// It can be installed.
    Installable {
        /// Where npm is.
        npm: String,
        /// The package.
        package: String,
    },
    /// It isn't here and can't be installed, as the sentence says.
    Missing(String),
}

/// Looks for an agent's program.
pub fn find(launch: &AcpLaunch, surroundings: &Surroundings) -> Found {
    let AcpLaunch { name, program, install, .. } = launch;
    if program.contains('/') {
        return Found::At(program.clone());
    }
    let environment = &surroundings.environment;
    if let Some(path) = environment.find_program(program) {
        return Found::At(path);
    }
    let missing =
        |why: &str| Found::Missing(format!("{name} isn't installed: {why} {}", install.hint).trim().to_owned());
    let Some(package) = &install.npm_package else {
        return missing(&format!("there is no program {program} in the search path."));
    };
    let installed = install::programs(&surroundings.cache, package).join(program);
    if installed.exists() {
        return Found::At(installed.to_string_lossy().into_owned());
    }
    match environment.find_program("npm") {
        Some(npm) => Found::Installable { npm, package: package.clone() },
        None => missing(&format!("there is neither {program} nor npm to install it with.")),
    }
}

/// The protocol wants the programs of MCP servers by their paths. One that isn't found is left to the agent, which says so.
fn with_found_servers(mut launch: AcpLaunch, environment: &Environment) -> AcpLaunch {
    for server in &mut launch.mcp_servers {
        if let McpTransport::Stdio { command, .. } = &mut server.transport
            && let Some(program) = command.first_mut()
            && !program.contains('/')
            && let Some(path) = environment.find_program(program)
        {
            *program = path;
        }
    }
    launch
}

/// One life of an agent's program.
#[derive(Debug)]
pub struct Program {
    /// What it was launched with.
    pub launch: AcpLaunch,
    /// The conversation with it.
    pub dialogue: Dialogue,
    /// The commands that it has the daemon run.
    pub terminals: Terminals,
    /// What it printed last that isn't a message.
    pub last_words: LastWords,
    /// Whether it was told to end.
    pub is_stopping: bool,
    mark: Mark,
    process: Process,
    lines: Lines,
    is_silent: bool,
    writer: mpsc::UnboundedSender<Vec<u8>>,
    errors: Option<pipe::Receiver>,
    processes: Processes,
    /// Whether the agent has a prompt, so that what runs may be there for it.
    is_prompted: bool,
}

/// What happens to a program.
#[derive(Debug)]
pub enum ProgramEvent {
    /// It printed a line.
    Line(Line),
    /// It won't print any more.
    Silent,
    /// A command of its own did something.
    Terminal(String, CallEvent),
    /// Something is due.
    Due,
    /// It has ended.
    Ended(Option<Report>),
}

impl Program {
    /// Starts it, and returns the first things to do.
    pub fn start(
        path: String,
        launch: AcpLaunch,
        surroundings: &Surroundings,
        turn_id: TurnId,
        thread: Option<String>,
    ) -> io::Result<(Self, Vec<Action>)> {
        let mut environment = surroundings.environment.clone();
        // What colours a person's terminal would only garble messages.
        for (name, value) in [("CLICOLOR_FORCE", "0"), ("FORCE_COLOR", "0"), ("NO_COLOR", "1"), ("TERM", "dumb")] {
            environment.set(name, value);
        }
        for variable in &launch.variables {
            environment.set(&variable.name, &variable.value);
        }
        if let SystemPromptWay::File { variable } = &launch.system_prompt_way
            && !launch.system_prompt.is_empty()
        {
            environment.set(variable, &write_system_prompt(&surroundings.data, &launch.system_prompt)?);
        }
        let mark = Mark::of_agent(turn_id);
        let mut command = vec![path];
        command.extend(launch.arguments.iter().cloned());
        let folder = surroundings.workspace.clone();
        let (process, conversation, errors) =
            Process::converse(&Launch { mark: mark.clone(), command, environment, folder })?;
        let (reader, writer) = conversation.into_split();
        let told = with_found_servers(launch.clone(), &surroundings.environment);
        let (dialogue, actions) = Dialogue::start(told, surroundings.workspace.clone(), thread, Instant::now());
        let program = Self {
            launch,
            dialogue,
            terminals: Terminals::new(surroundings.clone(), mark.clone()),
            last_words: LastWords::default(),
            is_stopping: false,
            mark,
            process,
            lines: Lines::new(reader),
            is_silent: false,
            writer: start_writing(writer),
            errors: Some(errors),
            processes: Processes::default(),
            is_prompted: false,
        };
        Ok((program, actions))
    }

    /// What its processes carry.
    pub fn mark(&self) -> Mark {
        self.mark.clone()
    }

    /// Writes a line to it. It is read whenever the program likes.
    pub fn send(&self, line: Vec<u8>) {
        // When it has ended it doesn't matter any more.
        let _ended = self.writer.send(line);
    }

    /// Orders it and its commands to end.
    pub async fn stop(&mut self, grace: std::time::Duration) {
        self.is_stopping = true;
        self.terminals.stop_all(grace);
        self.process.stop(grace).await;
    }

    /// Takes note of what runs now, before a prompt.
    pub fn remember_processes(&mut self) {
        let remembered = self.process.id().map(|root| self.processes.remember(root)).transpose();
        self.is_prompted = remembered.is_ok();
        if let Err(error) = remembered {
            tracing::warn!(error = %error, "the agent's processes can't be told from those of its tools");
        }
    }

    /// Ends what the agent's tools have left since the prompt. Returns how many processes couldn't be ended.
    pub async fn end_leftovers(&mut self, grace: std::time::Duration) -> usize {
        self.terminals.end_all(grace).await;
        let Some(root) = self.process.id().filter(|_| std::mem::take(&mut self.is_prompted)) else { return 0 };
        self.processes.end_newer(root).await.unwrap_or_else(|error| {
            tracing::error!(error = %error, "processes of a cancelled turn may be left");
            0
        })
    }

    /// The next thing that happens. Can be dropped and called again.
    pub async fn next(&mut self) -> ProgramEvent {
        let mut chunk = [0; 4096];
        loop {
            let due = self.dialogue.due();
            tokio::select! {
                line = self.lines.next(), if !self.is_silent => {
                    if let Ok(Some(line)) = line {
                        return ProgramEvent::Line(line);
                    }
                    self.is_silent = true;
                    return ProgramEvent::Silent;
                }
                read = read_errors(&mut self.errors, &mut chunk) => match read {
                    Ok(read @ 1..) => self.last_words.push(&chunk[..read]),
                    Ok(0) | Err(_) => self.errors = None,
                },
                (name, event) = self.terminals.next() => return ProgramEvent::Terminal(name, event),
                report = self.process.report() => return ProgramEvent::Ended(report),
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now).into()), if due.is_some() => {
                    return ProgramEvent::Due;
                }
            }
        }
    }

    /// Reads what a program that has ended has still printed, as long as it comes without a pause.
    pub async fn rest(&mut self, limit: std::time::Duration) -> Vec<Line> {
        let mut lines = Vec::new();
        let until = tokio::time::Instant::now() + limit;
        while !self.is_silent
            && let Ok(line) = tokio::time::timeout_at(until, self.lines.next()).await
        {
            match line {
                Ok(Some(line)) => lines.push(line),
                Ok(None) | Err(_) => self.is_silent = true,
            }
        }
        let mut chunk = [0; 4096];
        while let Ok(Ok(read @ 1..)) = tokio::time::timeout_at(until, read_errors(&mut self.errors, &mut chunk)).await {
            self.last_words.push(&chunk[..read]);
        }
        lines
    }

    /// Reaps it. It has ended.
    pub async fn reap(self) -> io::Result<LastWords> {
        self.process.reap().await?;
        Ok(self.last_words)
    }
}

async fn read_errors(errors: &mut Option<pipe::Receiver>, chunk: &mut [u8]) -> io::Result<usize> {
    match errors {
        Some(errors) => errors.read(chunk).await,
        None => std::future::pending().await,
    }
}

/// Writes lines on a task of its own: a program that doesn't read must not hold anything else up.
fn start_writing(mut writer: OwnedWriteHalf) -> mpsc::UnboundedSender<Vec<u8>> {
    let (sender, mut lines) = mpsc::unbounded_channel::<Vec<u8>>();
    tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            if let Err(error) = writer.write_all(&line).await {
                tracing::debug!(error = %error, "the agent doesn't read any more");
                return;
            }
        }
    });
    sender
}

fn write_system_prompt(data: &Path, text: &str) -> io::Result<String> {
    std::fs::create_dir_all(data)?;
    let path = data.join("system-prompt.md");
    std::fs::write(&path, text)?;
    Ok(path.to_string_lossy().into_owned())
}
