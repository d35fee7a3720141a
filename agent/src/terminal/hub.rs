//! What a terminal's task and its readers share: the output, how it looks, and who holds its program up.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use octobot_wire::terminal::{ShellState, Terminal, TerminalSize};
use octobot_wire::{TerminalId, Timestamp};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::terminal::flow::{Flow, ReaderId, Verdict};
use crate::terminal::keeper::{Keeper, Record};
use crate::terminal::scrollback::Scrollback;

/// A terminal as its readers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub name: String,
    /// Its size.
    pub size: TerminalSize,
    /// What its shell does.
    pub shell: ShellState,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

/// See the module.
#[derive(Debug)]
pub struct Hub {
    /// The terminal's id.
    pub id: TerminalId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// What it has printed.
    pub scrollback: Scrollback,
    keeper: Keeper,
    view: watch::Sender<View>,
    written: watch::Sender<u64>,
    flow: Mutex<Flow>,
    pace: Notify,
    start: Notify,
    is_wanted: AtomicBool,
    interrupt: Notify,
    is_resized: AtomicBool,
    inputs: mpsc::UnboundedSender<Input>,
    endings: mpsc::UnboundedSender<oneshot::Sender<()>>,
}

/// Input on its way to a terminal's programs.
#[derive(Debug)]
pub struct Input {
    /// What it is.
    pub kind: InputKind,
    bytes: Bytes,
    /// Counts for its reader what was taken.
    counter: Option<Arc<watch::Sender<u64>>>,
}

/// What input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// Somebody has typed or pasted it.
    Typed,
    /// The terminal itself answers.
    Reply,
}

impl Input {
    /// What Ctrl-C types.
    pub fn interrupt() -> Self {
        Self { kind: InputKind::Typed, bytes: Bytes::from_static(b"\x03"), counter: None }
    }

    /// What the programs haven't taken yet.
    pub fn left(&self) -> &[u8] {
        &self.bytes
    }

    /// They have taken so many bytes. Tells whether that was all.
    pub fn took(&mut self, length: usize) -> bool {
        let taken = self.bytes.split_to(length);
        self.count(taken.len());
        self.bytes.is_empty()
    }

    /// All of it is done with, whether anybody got it or not.
    pub fn taken(mut self) {
        self.took(self.bytes.len());
    }

    fn count(&self, bytes: usize) {
        if let Some(counter) = &self.counter {
            counter.send_modify(|taken| *taken += bytes as u64);
        }
    }
}

impl Hub {
    /// A terminal of a record. Also returns what its task hears: input, and orders to end.
    pub fn new(record: Record, scrollback: Scrollback, keeper: Keeper) -> (Arc<Self>, Heard) {
        let Record { id, name, size, shell, opened_at, closed_at } = record;
        let (inputs, heard_inputs) = mpsc::unbounded_channel();
        let (endings, heard_endings) = mpsc::unbounded_channel();
        let hub = Self {
            id,
            opened_at,
            written: watch::Sender::new(scrollback.written()),
            scrollback,
            keeper,
            view: watch::Sender::new(View { name, size, shell, closed_at }),
            flow: Mutex::default(),
            pace: Notify::new(),
            start: Notify::new(),
            is_wanted: AtomicBool::new(false),
            interrupt: Notify::new(),
            is_resized: AtomicBool::new(false),
            inputs,
            endings,
        };
        (Arc::new(hub), (heard_inputs, heard_endings))
    }

    /// As it is now.
    pub fn view(&self) -> View {
        self.view.borrow().clone()
    }

    /// Follows how it is.
    pub fn watch(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    /// Follows how much it has printed.
    pub fn watch_written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// The terminal as clients see it.
    pub fn to_wire(&self) -> Terminal {
        let View { name, size, shell, .. } = self.view();
        let (written, first) = (self.scrollback.written(), self.scrollback.first());
        Terminal { id: self.id, name, size, shell, written, first, opened_at: self.opened_at }
    }

    /// Its programs have printed something.
    pub fn printed(&self, bytes: &[u8]) -> io::Result<()> {
        self.scrollback.append(bytes)?;
        let written = self.scrollback.written();
        self.flow().written(written, Instant::now());
        self.written.send_replace(written);
        Ok(())
    }

    /// Its shell does something else now.
    pub fn shell_is(&self, shell: ShellState) {
        // However often a new one was asked for meanwhile.
        self.is_wanted.store(false, Ordering::Release);
        self.change(|view| view.shell = shell);
    }

    /// It gets another name.
    pub fn rename(&self, name: String) {
        self.change(|view| view.name = name);
    }

    /// It is closed.
    pub fn close(&self, at: Timestamp) {
        self.change(|view| view.closed_at = Some(at));
    }

    /// Whether it was closed; what runs in it may still be ending.
    pub fn is_closed(&self) -> bool {
        self.view.borrow().closed_at.is_some()
    }

    /// It gets another size, which its programs hear of when its task comes to it: of a storm of sizes they hear the last.
    pub fn resize(&self, size: TerminalSize) {
        let size = size.clamped();
        if self.view.borrow().size != size {
            self.view.send_modify(|view| view.size = size);
            self.is_resized.store(true, Ordering::Release);
            self.pace.notify_one();
        }
    }

    /// Whether its programs are still to hear of its size.
    pub fn is_resized(&self) -> bool {
        self.is_resized.load(Ordering::Acquire)
    }

    /// The size to tell its programs now.
    pub fn take_size(&self) -> TerminalSize {
        self.is_resized.store(false, Ordering::Release);
        self.change(|_| ());
        self.view().size
    }

    /// Gives its programs input.
    pub fn input(&self, kind: InputKind, bytes: Bytes, counter: &Arc<watch::Sender<u64>>) {
        let input = Input { kind, bytes, counter: Some(Arc::clone(counter)) };
        if let Err(mpsc::error::SendError(input)) = self.inputs.send(input) {
            input.taken();
        }
    }

    /// A shell is to run, if none does.
    pub fn start(&self) {
        if !self.runs() {
            self.want_shell();
        }
    }

    /// A shell is to run in a new terminal.
    pub fn want_shell(&self) {
        self.is_wanted.store(true, Ordering::Release);
        self.start.notify_one();
    }

    /// Waits until a shell is to run.
    pub async fn started(&self) {
        while !self.is_wanted.load(Ordering::Acquire) {
            self.start.notified().await;
        }
    }

    /// Ctrl-C, before all that waits.
    pub fn interrupt(&self) {
        if self.runs() {
            self.interrupt.notify_one();
        }
    }

    fn runs(&self) -> bool {
        self.view.borrow().shell == ShellState::Running
    }

    /// Waits for that.
    pub async fn interrupted(&self) {
        self.interrupt.notified().await;
    }

    /// Ends its shell with all that it has started, and waits until nothing of it is left.
    pub async fn end(&self) {
        let (ended, end) = oneshot::channel();
        if self.endings.send(ended).is_ok() {
            // A task that has ended meanwhile has left nothing either.
            let _ended = end.await;
        }
    }

    /// A reader begins at a byte.
    pub fn attach(&self, from: u64) -> ReaderId {
        self.flow().attach(from, self.scrollback.written(), Instant::now())
    }

    /// A reader has gone.
    pub fn detach(&self, reader: ReaderId) {
        self.flow().detach(reader);
        self.pace.notify_one();
    }

    /// How many readers there are.
    pub fn readers(&self) -> usize {
        self.flow().readers()
    }

    /// A reader has shown the bytes before `offset`.
    pub fn shown(&self, reader: ReaderId, offset: u64) {
        self.flow().shown(reader, offset, self.scrollback.written(), Instant::now());
        self.pace.notify_one();
    }

    /// Somebody types at this reader.
    pub fn lead(&self, reader: ReaderId) {
        self.flow().lead(reader);
    }

    /// Whether this reader answers the programs' questions.
    pub fn answers(&self, reader: ReaderId) -> bool {
        self.flow().answers(reader)
    }

    /// Whether its programs' output is to be read on.
    pub fn verdict(&self) -> Verdict {
        self.flow().verdict(self.scrollback.written(), Instant::now())
    }

    /// Waits until that may have changed.
    pub async fn paced(&self) {
        self.pace.notified().await;
    }

    /// What is kept about it.
    pub fn record(&self) -> Record {
        let View { name, size, shell, closed_at } = self.view();
        Record { id: self.id, name, size, shell, opened_at: self.opened_at, closed_at }
    }

    fn change(&self, change: impl FnOnce(&mut View)) {
        self.view.send_modify(change);
        if let Err(error) = self.keeper.save(&self.record()) {
            tracing::warn!(terminal.id = %self.id, error = %error, "what is known of a terminal can't be kept");
        }
    }

    fn flow(&self) -> MutexGuard<'_, Flow> {
        // Nothing that can panic runs under this lock.
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a terminal's task hears: input, and orders to end.
pub type Heard = (mpsc::UnboundedReceiver<Input>, mpsc::UnboundedReceiver<oneshot::Sender<()>>);
