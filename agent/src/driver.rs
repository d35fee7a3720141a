//! The thin driver of the turn state machine: takes requests and the news of the running tool call and the agent, carries
//! out effects.
//!
//! One task owns the state machine, the log's writer, the running call and the agent, so that nothing here needs a lock.

mod journal;

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use octobot_wire::TurnId;
use octobot_wire::code::Rewound;
use octobot_wire::code::branches::{Branches, CheckoutBranch, CheckoutOutcome, MakeBranch};
use octobot_wire::daemon::{DaemonEventBody, DeliverTurn, TurnDelivered, TurnSide};
use octobot_wire::permission::{AnswerPermission, PermissionState};
use octobot_wire::setting::{ChangeSetting, Setting};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep_until, timeout};

use crate::acp::{Agent, AgentEvent, SettingError, Surroundings};
use crate::call::{Call, CallEvent};
use crate::clock::Clock;
use crate::control::Mark;
use crate::driver::journal::Journal;
use crate::enclosures::{Enclosed, Enclosures};
use crate::git::{CodeError, Workspace};
use crate::log::{EventLog, LogError};
use crate::shell::Shell;
use crate::stragglers;
use crate::turn::{self, AnswerError, CallEnd, Effect, History, Prompt, Reception, Turns, UnknownTurn};

/// So many requests wait before a caller waits.
const QUEUE: usize = 16;

/// A turn waits so long until its files are kept. One whose files are too many goes on without.
const KEEPING: Duration = Duration::from_secs(5);

/// Why a turn isn't accepted.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// Another one runs.
    #[error("turn {0} is still running")]
    Busy(TurnId),
    /// The daemon ends.
    #[error("the daemon is shutting down")]
    ShuttingDown,
    /// The log can't be written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// An earlier event still waits for the log.
    #[error("the event log can't be written at the moment")]
    LogStuck,
}

/// Why something that is asked of a turn or its agent isn't done.
#[derive(Debug, thiserror::Error)]
pub enum AskError<E: std::error::Error + 'static> {
    /// As it says.
    #[error(transparent)]
    Refused(#[from] E),
    /// The daemon ends.
    #[error("the daemon is shutting down")]
    ShuttingDown,
}

/// Lets routes talk to the driver.
#[derive(Debug, Clone)]
pub struct TurnsHandle {
    requests: mpsc::Sender<Request>,
    standing: watch::Receiver<Standing>,
}

/// Where the turns stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// The turn that runs.
    pub running: Option<TurnId>,
    /// The turn whose prompt waits to be let go.
    pub held: Option<TurnId>,
    /// Whether the setup script's time is over.
    pub is_set_up: bool,
}

#[derive(Debug)]
enum Request {
    Deliver(DeliverTurn, oneshot::Sender<Result<TurnDelivered, DeliverError>>),
    Proceed(TurnId, oneshot::Sender<Result<(), UnknownTurn>>),
    Cancel(TurnId, oneshot::Sender<Result<(), UnknownTurn>>),
    Answer(TurnId, u32, AnswerPermission, oneshot::Sender<Result<PermissionState, AnswerError>>),
    Change(ChangeSetting, oneshot::Sender<Result<Vec<Setting>, SettingError>>),
    Rewind(Rewinding, oneshot::Sender<Result<Rewound, CodeError>>),
    CheckOut(CheckoutBranch, oneshot::Sender<Result<CheckoutOutcome, CodeError>>),
    MakeBranch(MakeBranch, oneshot::Sender<Result<Branches, CodeError>>),
    Tell(DaemonEventBody),
    ShutDown,
}

/// What the files are put back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewinding {
    /// What they were before a turn.
    Before(TurnId),
    /// What they were before they were put back.
    Undo(u32),
}

impl TurnsHandle {
    /// Gives a turn to the agent. When this returns the log says durably that the turn has started.
    pub async fn deliver(&self, turn: DeliverTurn) -> Result<TurnDelivered, DeliverError> {
        let (reply, answer) = oneshot::channel();
        // A closed channel means that the driver has ended.
        self.requests.send(Request::Deliver(turn, reply)).await.map_err(|_| DeliverError::ShuttingDown)?;
        answer.await.unwrap_or(Err(DeliverError::ShuttingDown))
    }

    /// Begins the prompt of a turn that is held.
    pub async fn proceed(&self, turn_id: TurnId) -> Result<(), AskError<UnknownTurn>> {
        self.ask(|reply| Request::Proceed(turn_id, reply)).await
    }

    /// Stops a turn. Returns when the stop has begun.
    pub async fn cancel(&self, turn_id: TurnId) -> Result<(), AskError<UnknownTurn>> {
        self.ask(|reply| Request::Cancel(turn_id, reply)).await
    }

    /// Answers a permission, and returns the answer that counts. When this returns the log says so durably.
    pub async fn answer(
        &self,
        turn_id: TurnId,
        part: u32,
        answer: AnswerPermission,
    ) -> Result<PermissionState, AskError<AnswerError>> {
        self.ask(|reply| Request::Answer(turn_id, part, answer, reply)).await
    }

    /// Changes a setting of the agent, and returns all settings as they are then.
    pub async fn change(&self, change: ChangeSetting) -> Result<Vec<Setting>, AskError<SettingError>> {
        self.ask(|reply| Request::Change(change, reply)).await
    }

    /// Puts files back. No turn runs meanwhile.
    pub async fn rewind(&self, rewinding: Rewinding) -> Result<Rewound, AskError<CodeError>> {
        self.ask(|reply| Request::Rewind(rewinding, reply)).await
    }

    /// Checks a branch out. No turn runs meanwhile, and it is seen through, also when nobody waits for the answer.
    pub async fn check_out(&self, request: CheckoutBranch) -> Result<CheckoutOutcome, AskError<CodeError>> {
        self.ask(|reply| Request::CheckOut(request, reply)).await
    }

    /// Makes a branch, and checks it out. No turn runs meanwhile.
    pub async fn make_branch(&self, request: MakeBranch) -> Result<Branches, AskError<CodeError>> {
        self.ask(|reply| Request::MakeBranch(request, reply)).await
    }

    /// Writes an event to the log that isn't a turn's.
    pub async fn tell(&self, body: DaemonEventBody) {
        // If the driver has ended there is no log any more.
        let _ended = self.requests.send(Request::Tell(body)).await;
    }

    /// Where the turns stand.
    pub fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Ends the running turn as interrupted, and the driver after it.
    pub async fn shut_down(&self) {
        // If the driver has already ended there is nothing to do.
        let _ended = self.requests.send(Request::ShutDown).await;
    }

    /// Asks the driver for something, and waits for its answer.
    async fn ask<T, E: std::error::Error + 'static>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, E>>) -> Request,
    ) -> Result<T, AskError<E>> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| AskError::ShuttingDown)?;
        Ok(answer.await.map_err(|_| AskError::ShuttingDown)??)
    }
}

/// Owns all that a turn needs.
pub struct Driver {
    turns: Turns,
    shell: Shell,
    enclosures: Enclosures,
    /// What goes with the turn that runs.
    enclosed: Enclosed,
    journal: Journal,
    call: Option<Call>,
    agent: Agent,
    workspace: Arc<Workspace>,
    requests: mpsc::Receiver<Request>,
    standing: watch::Sender<Standing>,
    shutting_down: bool,
}

impl Driver {
    /// Takes up the work where the log says that it was left.
    pub async fn resume(
        log: EventLog,
        history: History,
        shell: Shell,
        enclosures: Enclosures,
        surroundings: Surroundings,
        workspace: Arc<Workspace>,
        clock: Clock,
    ) -> io::Result<(Self, TurnsHandle)> {
        if let Some(open) = &history.open {
            tracing::warn!(turn.id = %open.turn_id, "turn {} was interrupted by the daemon's death", open.turn_id);
        }
        let agents = history.known.iter().copied().map(Mark::of_agent);
        let marks: HashSet<_> = history.open.iter().map(|open| Mark::of_turn(open.turn_id)).chain(agents).collect();
        if !marks.is_empty() {
            stragglers::end(marks).await?;
        }
        let agent = Agent::new(surroundings, history.threads.clone());
        let (turns, effects) = Turns::resume(history);
        let (requests_sender, requests) = mpsc::channel(QUEUE);
        let (standing, standing_receiver) = watch::channel(Standing::default());
        let journal = Journal::new(log, clock);
        let mut driver = Self {
            turns,
            shell,
            enclosures,
            enclosed: Enclosed::default(),
            journal,
            call: None,
            agent,
            workspace,
            requests,
            standing,
            shutting_down: false,
        };
        driver.carry_out(effects).await;
        Ok((driver, TurnsHandle { requests: requests_sender, standing: standing_receiver }))
    }

    /// Runs until it was told to shut down and nothing runs any more. Closes the log.
    pub async fn run(mut self) {
        while !(self.shutting_down && self.turns.running().is_none()) {
            tokio::select! {
                biased;
                Some(request) = self.requests.recv() => self.answer(request).await,
                event = next_event(&mut self.call) => self.note(event).await,
                event = self.agent.next() => self.note_agent(event).await,
                () = sleep_until(self.journal.due()), if self.journal.is_due() => self.journal.attend().await,
            }
        }
        self.agent.shut_down(turn::SHUTDOWN_GRACE).await;
        self.journal.close().await;
    }

    async fn answer(&mut self, request: Request) {
        // A caller that is gone has no use for the answer.
        match request {
            Request::Deliver(turn, reply) => {
                let _gone = reply.send(self.deliver(turn).await);
            }
            Request::Proceed(turn_id, reply) => {
                let _gone = reply.send(self.proceed(turn_id).await);
            }
            Request::Cancel(turn_id, reply) => {
                let _gone = reply.send(self.cancel(turn_id).await);
            }
            Request::Answer(turn_id, part, answer, reply) => {
                let _gone = reply.send(self.answer_permission(turn_id, part, answer).await);
            }
            // The agent answers it, without holding anybody up.
            Request::Change(change, reply) => self.agent.change(change, reply),
            Request::Rewind(rewinding, reply) => {
                let _gone = reply.send(self.rewind(rewinding).await);
            }
            Request::CheckOut(request, reply) => {
                let _gone = reply.send(self.check_out(&request).await);
            }
            Request::MakeBranch(request, reply) => {
                let _gone = reply.send(self.make_branch(&request).await);
            }
            Request::Tell(body) => self.carry_out(vec![Effect::Log(body)]).await,
            Request::ShutDown => {
                self.shutting_down = true;
                let effects = self.turns.shut_down();
                self.carry_out(effects).await;
            }
        }
    }

    async fn deliver(&mut self, mut turn: DeliverTurn) -> Result<TurnDelivered, DeliverError> {
        let turn_id = turn.turn_id;
        match self.turns.reception(turn_id) {
            Reception::Repeated => return Ok(TurnDelivered { repeated: true }),
            Reception::Busy(running) => return Err(DeliverError::Busy(running)),
            Reception::ShuttingDown => return Err(DeliverError::ShuttingDown),
            Reception::New if self.journal.is_stuck() => return Err(DeliverError::LogStuck),
            Reception::New => {}
        }
        self.journal.write_durably(DaemonEventBody::TurnStarted { turn_id }).await?;
        tracing::info!(turn.id = %turn_id, "turn {turn_id} starts");
        self.keep(turn_id, TurnSide::Before).await;
        let files = std::mem::take(&mut turn.files);
        let effects = match self.enclosures.enclose(turn_id, &turn.prompt, files).await {
            Ok(enclosed) => {
                self.enclosed = enclosed;
                self.turns.start(turn)
            }
            Err(error) => self.turns.refuse(turn_id, format!("The prompt couldn't be given to the agent: {error}.")),
        };
        self.carry_out(effects).await;
        Ok(TurnDelivered { repeated: false })
    }

    async fn rewind(&mut self, rewinding: Rewinding) -> Result<Rewound, CodeError> {
        self.check_idle()?;
        match rewinding {
            Rewinding::Before(turn) => self.workspace.rewind(turn).await,
            Rewinding::Undo(number) => self.workspace.undo_rewind(number).await,
        }
    }

    async fn check_out(&mut self, request: &CheckoutBranch) -> Result<CheckoutOutcome, CodeError> {
        self.check_idle()?;
        self.workspace.check_out(request).await
    }

    async fn make_branch(&mut self, request: &MakeBranch) -> Result<Branches, CodeError> {
        self.check_idle()?;
        self.workspace.make_branch(request).await
    }

    /// Makes sure that no turn runs: files aren't changed under its feet.
    fn check_idle(&self) -> Result<(), CodeError> {
        self.turns.running().map_or(Ok(()), |running| Err(CodeError::TurnRuns(running)))
    }

    /// Keeps the files as they are beside a turn. That it isn't possible doesn't keep the turn from its work.
    async fn keep(&self, turn_id: TurnId, side: TurnSide) {
        match timeout(KEEPING, self.workspace.keep(turn_id, side)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(turn.id = %turn_id, error = &error as &dyn std::error::Error, "the files of turn {turn_id} aren't kept");
            }
            Err(_) => tracing::warn!(turn.id = %turn_id, "the files of turn {turn_id} are too many to be kept"),
        }
    }

    async fn proceed(&mut self, turn_id: TurnId) -> Result<(), UnknownTurn> {
        let effects = self.turns.proceed(turn_id)?;
        self.carry_out(effects).await;
        Ok(())
    }

    async fn cancel(&mut self, turn_id: TurnId) -> Result<(), UnknownTurn> {
        let effects = self.turns.cancel(turn_id)?;
        self.carry_out(effects).await;
        Ok(())
    }

    async fn answer_permission(
        &mut self,
        turn_id: TurnId,
        part: u32,
        answer: AnswerPermission,
    ) -> Result<PermissionState, AnswerError> {
        let (state, effects) = self.turns.answer(turn_id, part, answer)?;
        self.carry_out(effects).await;
        Ok(state)
    }

    async fn note_agent(&mut self, event: AgentEvent) {
        let effects = match event {
            AgentEvent::Told(body) => vec![Effect::Log(body)],
            AgentEvent::Asked(question) => self.turns.asked(question),
            AgentEvent::Ended(end) => self.turns.prompt_ended(end),
        };
        self.carry_out(effects).await;
    }

    async fn note(&mut self, event: CallEvent) {
        let effects = match event {
            CallEvent::Output(text) => self.turns.output(text),
            CallEvent::Ended { end, duration_ms } => {
                self.call = None;
                self.turns.call_ended(&end, duration_ms)
            }
        };
        self.carry_out(effects).await;
    }

    async fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Log(body) => {
                    // Whoever hears that a turn has ended may change files the next moment.
                    if let DaemonEventBody::TurnEnded { turn_id, .. } = &body {
                        self.keep(*turn_id, TurnSide::After).await;
                    }
                    if self.journal.write(body).is_err() {
                        effects.extend(self.turns.log_failed());
                    }
                }
                Effect::Sync => self.journal.sync().await,
                Effect::Start { turn_id, script } => {
                    match self.shell.start(turn_id, &script, self.enclosed.folder.as_deref()) {
                        Ok(call) => self.call = Some(call),
                        Err(error) => {
                            let end = CallEnd::Broken(format!("The script couldn't be run: {error}."));
                            effects.extend(self.turns.call_ended(&end, 0));
                        }
                    }
                }
                Effect::EndStragglers { turn_id } => {
                    if let Err(error) = stragglers::kill(Mark::of_turn(turn_id)).await {
                        tracing::error!(turn.id = %turn_id, error = %error, "processes of turn {turn_id} may be left");
                    }
                }
                Effect::Stop { grace } => {
                    if let Some(call) = &self.call {
                        call.stop(grace);
                    }
                }
                Effect::Prompt(prompt) => {
                    self.agent.prompt(Prompt { enclosed: std::mem::take(&mut self.enclosed), ..*prompt });
                }
                Effect::CancelPrompt => self.agent.cancel(),
                Effect::Answer { part, answer } => self.agent.answer(part, answer),
                Effect::StopAgent { grace } => self.agent.stop(grace),
            }
        }
        let turns = &self.turns;
        let standing = Standing { running: turns.running(), held: turns.held(), is_set_up: turns.is_set_up() };
        self.standing.send_replace(standing);
    }
}

/// The next event of the running call; never ends when none runs.
async fn next_event(call: &mut Option<Call>) -> CallEvent {
    match call {
        Some(call) => call.next().await,
        None => std::future::pending().await,
    }
}
