//! Terminals: shells in pseudo-terminals, which any number of readers look at, and whose output is kept.
//!
//! ```text
//! program ⇄ pty ⇄ life ─ append ─▶ scrollback (file) ─ read by number ─▶ attach ─ WebSocket ─▶ reader
//!                  ▲                                                        │
//!                  └── input, size, Ctrl-C ◀─────────── hub, flow ◀─────────┘ what was shown
//! ```
//!
//! One task (`life`) owns a terminal's programs. What they print is in the file before anybody is told, numbered by bytes, so that
//! a reader that comes back goes on exactly where it was, also after the daemon was killed. Nothing is queued for readers: each
//! takes bytes from the file, at most a window beyond what it has shown, so that one that is stuck costs no memory. `flow`
//! decides how far a program may be ahead of its readers. Input has a window, too: what programs don't take isn't read.
//!
//! A shell ends with its daemon; what it has printed stays, and a new shell begins when somebody asks for one. A closed terminal
//! stays for a while to be searched.
//!
//! Here belongs everything about terminals but their routes (`api`). Here doesn't belong what agents run as their terminals
//! (`acp::terminals`): those are no terminals but calls whose output an agent asks for.

mod attach;
mod flow;
mod hub;
mod keeper;
mod life;
mod lines;
mod notice;
mod pty;
mod scrollback;
mod search;

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use octobot_wire::TerminalId;
use octobot_wire::terminal::{
    MAX_CLOSED_TERMINALS, MAX_TERMINALS, OpenTerminal, ShellState, Terminal, TerminalMatches,
};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::control::Mark;
use crate::environment::Environment;
use crate::stragglers;
use crate::terminal::hub::Hub;
use crate::terminal::keeper::{Keeper, Record};
use crate::terminal::life::Life;

pub use crate::terminal::attach::Attachment;

/// So many readers a terminal may have.
const MAX_READERS: usize = 32;

/// Programs hear of a new size at most this often.
const RESIZE_INTERVAL: Duration = Duration::from_millis(50);

/// What every shell in a terminal is started with.
#[derive(Debug)]
pub struct Installed {
    /// The program and its arguments.
    pub shell: Vec<String>,
    /// Its environment.
    pub environment: Environment,
    /// The folder it starts in.
    pub workspace: PathBuf,
}

impl Installed {
    /// The sandbox's shell, as it is for somebody who types. What was typed is kept whenever a command begins, so that a
    /// sandbox that ends takes none of it along.
    pub fn new(shell: &str, environment: Environment, workspace: PathBuf) -> Self {
        let mut environment = environment.at_terminal();
        environment.set("SHELL", shell);
        environment.set("PROMPT_COMMAND", "history -a");
        Self { shell: vec![shell.to_owned(), "-i".to_owned()], environment, workspace }
    }
}

/// Why something can't be done with a terminal.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// There is none such.
    #[error("there is no terminal {0}")]
    Unknown(TerminalId),
    /// There are too many.
    #[error("a session may have {MAX_TERMINALS} terminals; close one first")]
    TooMany,
    /// Too many look at it.
    #[error("{MAX_READERS} readers look at this terminal already; close one first")]
    TooManyReaders,
    /// There is nothing after this byte yet.
    #[error("the terminal has printed {written} bytes, so there is nothing after {after}")]
    PastEnd {
        /// The number that was asked for.
        after: u64,
        /// How many bytes there are.
        written: u64,
    },
    /// Its files can't be used.
    #[error("the terminal's files can't be used")]
    Files(#[from] io::Error),
}

impl TerminalError {
    /// Whether space would help.
    pub fn is_full(&self) -> bool {
        let Self::Files(error) = self else { return false };
        matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// The terminals of the session.
#[derive(Debug)]
pub struct Terminals {
    keeper: Keeper,
    installed: Arc<Installed>,
    clock: Clock,
    known: Mutex<Known>,
    /// Changes when a terminal was opened, renamed or closed.
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Known {
    open: Vec<Arc<Hub>>,
    /// The oldest first.
    closed: Vec<Record>,
}

impl Terminals {
    /// Restores what a former daemon has left: what was printed is there again, and no shell runs.
    pub async fn restore(folder: PathBuf, installed: Installed, clock: Clock) -> io::Result<Self> {
        let keeper = Keeper::open(folder)?;
        let (open, closed): (Vec<_>, Vec<_>) =
            keeper.records()?.into_iter().partition(|record| record.closed_at.is_none());
        let left: HashSet<_> = open
            .iter()
            .filter(|record| record.shell == ShellState::Running)
            .map(|record| Mark::of_terminal(record.id))
            .collect();
        if !left.is_empty() {
            stragglers::end(left).await?;
        }
        let known = Mutex::new(Known { open: Vec::new(), closed });
        let changes = watch::Sender::new(());
        let terminals = Self { keeper, installed: Arc::new(installed), clock, known, changes };
        for record in open {
            if let Err(error) = terminals.restore_one(&record) {
                tracing::warn!(terminal.id = %record.id, error = %error, "a terminal can't be restored");
            }
        }
        Ok(terminals)
    }

    fn restore_one(&self, record: &Record) -> io::Result<()> {
        let scrollback = self.keeper.scrollback(record.id)?;
        let was_running = record.shell == ShellState::Running;
        let hub = self.bring_to_life(record.clone(), scrollback);
        if was_running {
            hub.printed(notice::of_end(&ShellState::Lost).as_bytes())?;
            hub.shell_is(ShellState::Lost);
        }
        self.known().open.push(hub);
        Ok(())
    }

    fn bring_to_life(&self, record: Record, scrollback: scrollback::Scrollback) -> Arc<Hub> {
        let (hub, (inputs, endings)) = Hub::new(record, scrollback, self.keeper.clone());
        let life = Life::new(Arc::clone(&hub), Arc::clone(&self.installed), inputs, endings);
        tokio::spawn(life.run());
        hub
    }

    /// The open terminals, the oldest first.
    pub fn list(&self) -> Vec<Terminal> {
        self.known().open.iter().filter(|hub| !hub.is_closed()).map(|hub| hub.to_wire()).collect()
    }

    /// Follows whether terminals were opened, renamed or closed.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Opens a terminal and starts its shell. One that is open already is answered as it is.
    pub fn open(&self, id: TerminalId, request: OpenTerminal) -> Result<Terminal, TerminalError> {
        let mut known = self.known();
        if let Some(hub) = known.open.iter().find(|hub| hub.id == id) {
            return Ok(hub.to_wire());
        }
        if known.open.len() >= MAX_TERMINALS {
            return Err(TerminalError::TooMany);
        }
        let name = request.name.unwrap_or_else(|| free_name(&known.open));
        let record = Record {
            id,
            name,
            size: request.size.clamped(),
            shell: ShellState::Running,
            opened_at: (self.clock)(),
            closed_at: None,
        };
        let scrollback = self.keeper.create(&record)?;
        let hub = self.bring_to_life(record, scrollback);
        hub.want_shell();
        tracing::info!(terminal.id = %id, "terminal {id} was opened");
        let told = hub.to_wire();
        known.open.push(hub);
        self.changes.send_replace(());
        Ok(told)
    }

    /// Renames a terminal.
    pub fn rename(&self, id: TerminalId, name: String) -> Result<Terminal, TerminalError> {
        let hub = self.find(id)?;
        hub.rename(name);
        self.changes.send_replace(());
        Ok(hub.to_wire())
    }

    /// Closes a terminal; nothing that its shell has started runs any more when this returns.
    pub async fn close(&self, id: TerminalId) -> Result<(), TerminalError> {
        let hub = self.find(id)?;
        hub.close((self.clock)());
        hub.end().await;
        let mut known = self.known();
        // Of two who close it at the same time one comes later.
        if known.open.extract_if(.., |hub| hub.id == id).next().is_some() {
            known.closed.push(hub.record());
            self.changes.send_replace(());
            tracing::info!(terminal.id = %id, "terminal {id} was closed");
        }
        let too_many = known.closed.len().saturating_sub(MAX_CLOSED_TERMINALS);
        for record in known.closed.drain(..too_many) {
            self.keeper.remove(record.id)?;
        }
        Ok(())
    }

    /// What a terminal has printed from a byte on, as far as it is kept, and the number of the first byte.
    pub fn output(&self, id: TerminalId, after: u64) -> Result<(u64, Vec<u8>), TerminalError> {
        Ok(self.find(id)?.scrollback.read_all(after)?)
    }

    /// A new reader of a terminal, from a byte on, or from the beginning of what is kept.
    pub fn attach(&self, id: TerminalId, after: Option<u64>) -> Result<Attachment, TerminalError> {
        let hub = self.find(id)?;
        if hub.is_closed() {
            return Err(TerminalError::Unknown(id));
        }
        if hub.readers() >= MAX_READERS {
            return Err(TerminalError::TooManyReaders);
        }
        Attachment::new(hub, after)
    }

    /// Looks for a text in the lines that terminals have printed, closed ones included.
    pub async fn search(self: &Arc<Self>, text: String) -> Result<TerminalMatches, TerminalError> {
        let terminals = Arc::clone(self);
        // Megabytes are read.
        let found = tokio::task::spawn_blocking(move || {
            let (open, closed) = {
                let known = terminals.known();
                (known.open.clone(), known.closed.clone())
            };
            search::search(&terminals.keeper, &open, &closed, &text)
        });
        Ok(found.await.expect("looking for a text doesn't panic")?)
    }

    /// Ends all shells with all that they have started.
    pub async fn shut_down(&self) {
        let open = self.known().open.clone();
        futures::future::join_all(open.iter().map(|hub| hub.end())).await;
    }

    fn find(&self, id: TerminalId) -> Result<Arc<Hub>, TerminalError> {
        self.known().open.iter().find(|hub| hub.id == id).cloned().ok_or(TerminalError::Unknown(id))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing that can panic runs under this lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first of `Terminal 1`, `Terminal 2` … that no other one has.
fn free_name(open: &[Arc<Hub>]) -> String {
    let taken: HashSet<String> = open.iter().map(|hub| hub.view().name).collect();
    let mut names = (1..=open.len() + 1).map(|number| format!("Terminal {number}"));
    names.find(|name| !taken.contains(name)).expect("there is one name more than terminals")
}
