//! The task of one terminal: the only one that reads what its programs print, gives them input and starts its shell.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use octobot_wire::terminal::ShellState;
use rustix::process::Pid;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;

use crate::control::{Mark, Report};
use crate::process::{Launch, Process};
use crate::stragglers;
use crate::terminal::flow::Verdict;
use crate::terminal::hub::{Hub, Input, InputKind};
use crate::terminal::notice;
use crate::terminal::pty::Pty;
use crate::terminal::{Installed, RESIZE_INTERVAL};

/// So much is read at once.
const CHUNK: usize = 64 * 1024;

/// A shell that is ended has so long to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// What a terminal's task needs.
pub struct Life {
    hub: Arc<Hub>,
    installed: Arc<Installed>,
    inputs: mpsc::UnboundedReceiver<Input>,
    endings: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
    /// What the program hasn't taken yet.
    waiting: VecDeque<Input>,
    chunk: Vec<u8>,
}

/// A shell that runs in a terminal.
struct Running {
    pty: Pty,
    process: Process,
    root: Pid,
    resized_at: Instant,
}

/// What happened to a running shell.
enum Happened {
    Printed(usize),
    Took(usize),
    GotInput(Input),
    Interrupted,
    Resized,
    Paced,
    Ended(Option<Report>),
    ToEnd(oneshot::Sender<()>),
}

impl Life {
    /// A task for a terminal whose shell doesn't run. Ends when it is told to end.
    pub fn new(
        hub: Arc<Hub>,
        installed: Arc<Installed>,
        inputs: mpsc::UnboundedReceiver<Input>,
        endings: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
    ) -> Self {
        Self { hub, installed, inputs, endings, waiting: VecDeque::new(), chunk: vec![0; CHUNK] }
    }

    /// Runs shells, each when it is asked for, until the terminal is to end.
    pub async fn run(mut self) {
        loop {
            tokio::select! {
                () = self.hub.started() => {}
                // Input for nobody.
                Some(input) = self.inputs.recv() => {
                    input.taken();
                    continue;
                }
                Some(ended) = self.endings.recv() => {
                    // Who asked may have gone.
                    let _gone = ended.send(());
                    return;
                }
            }
            let end = match self.start() {
                Ok(running) => self.attend(running).await,
                Err(error) => Ok((ShellState::Failed { reason: error.to_string() }, None)),
            };
            let (shell, ending) = end.unwrap_or_else(|error| (ShellState::Failed { reason: error.to_string() }, None));
            self.note_end(shell);
            if let Some(ended) = ending {
                let _gone = ended.send(());
                return;
            }
        }
    }

    fn start(&self) -> io::Result<Running> {
        let (pty, end) = Pty::open(self.hub.take_size())?;
        let launch = Launch {
            mark: Mark::of_terminal(self.hub.id),
            command: self.installed.shell.clone(),
            environment: self.installed.environment.clone(),
            folder: self.installed.workspace.clone(),
        };
        let process = Process::in_terminal(&launch, end)?;
        let root = process.id().ok_or_else(|| io::Error::other("it has ended at once"))?;
        self.hub.shell_is(ShellState::Running);
        Ok(Running { pty, process, root, resized_at: Instant::now() })
    }

    /// Attends to a shell until it has ended, and tells how, and who wanted it to.
    async fn attend(&mut self, mut running: Running) -> io::Result<(ShellState, Option<oneshot::Sender<()>>)> {
        let mut ending = None;
        loop {
            match self.next(&mut running).await? {
                Happened::Printed(length) => self.hub.printed(&self.chunk[..length])?,
                Happened::Took(length) => self.took(length),
                Happened::GotInput(input) => self.queue(input, &running),
                Happened::Interrupted => {
                    for input in self.waiting.drain(..) {
                        input.taken();
                    }
                    self.waiting.push_back(Input::interrupt());
                }
                Happened::Resized => {
                    running.pty.resize(self.hub.take_size())?;
                    running.resized_at = Instant::now();
                }
                Happened::Paced => {}
                Happened::ToEnd(ended) => {
                    running.process.stop(GRACE).await;
                    ending = Some(ended);
                }
                Happened::Ended(report) => return Ok((self.bury(running, report).await?, ending)),
            }
        }
    }

    /// Waits for the next thing to happen. Input goes before output, so that a flood can be interrupted.
    async fn next(&mut self, running: &mut Running) -> io::Result<Happened> {
        let verdict = self.hub.verdict();
        let (may_read, until) = match verdict {
            Verdict::Read => (true, Instant::now()),
            Verdict::WaitUntil(until) => (false, until),
        };
        let is_resized = self.hub.is_resized();
        let resize_at = running.resized_at + RESIZE_INTERVAL;
        let Running { pty, process, .. } = running;
        let front = self.waiting.front().map(Input::left).unwrap_or_default();
        tokio::select! {
            biased;
            Some(ended) = self.endings.recv() => Ok(Happened::ToEnd(ended)),
            () = self.hub.interrupted() => Ok(Happened::Interrupted),
            Some(input) = self.inputs.recv() => Ok(Happened::GotInput(input)),
            took = pty.write(front), if !front.is_empty() => Ok(Happened::Took(took?)),
            () = sleep_until(resize_at.into()), if is_resized => Ok(Happened::Resized),
            report = process.report() => Ok(Happened::Ended(report)),
            read = pty.read(&mut self.chunk), if may_read => match read? {
                // Nobody has the terminal open any more; the end is about to be told.
                0 => Ok(Happened::Ended(process.report().await)),
                length => Ok(Happened::Printed(length)),
            },
            () = self.hub.paced() => Ok(Happened::Paced),
            () = sleep_until(until.into()), if !may_read => Ok(Happened::Paced),
        }
    }

    fn queue(&mut self, input: Input, running: &Running) {
        if input.kind == InputKind::Reply && !running.pty.takes_replies(running.root) {
            input.taken();
        } else {
            self.waiting.push_back(input);
        }
    }

    fn took(&mut self, length: usize) {
        if let Some(input) = self.waiting.front_mut()
            && input.took(length)
        {
            self.waiting.pop_front();
        }
    }

    /// Takes what is still in the terminal of a shell that has ended, and tells how it ended.
    async fn bury(&mut self, running: Running, report: Option<Report>) -> io::Result<ShellState> {
        let Running { pty, process, .. } = running;
        process.reap().await?;
        if report.is_none() {
            stragglers::kill(Mark::of_terminal(self.hub.id)).await?;
        }
        while let Some(length @ 1..) = pty.read_ready(&mut self.chunk)? {
            self.hub.printed(&self.chunk[..length])?;
        }
        Ok(match report {
            Some(Report::Exited { code }) => ShellState::Exited { code },
            Some(Report::Killed { signal }) => ShellState::Killed { signal },
            Some(Report::Stopped { .. }) => ShellState::Lost,
            Some(Report::NotStarted { reason }) => ShellState::Failed { reason },
            None => ShellState::Killed { signal: 9 },
        })
    }

    fn note_end(&mut self, shell: ShellState) {
        for input in self.waiting.drain(..) {
            input.taken();
        }
        if let Err(error) = self.hub.printed(notice::of_end(&shell).as_bytes()) {
            tracing::warn!(terminal.id = %self.hub.id, error = %error, "the end of a shell can't be shown");
        }
        self.hub.shell_is(shell);
    }
}
