//! The connection of a screen to its terminal: comes back whenever it is lost, and goes on where it was.

use std::time::Duration;

use leptos::prelude::*;
use octobot_wire::TerminalId;
use octobot_wire::terminal::{ShellState, TerminalNews, TerminalOrder, TerminalSize};

use super::keys::with_control;
use super::progress::{Printed, Typed};
use super::terminals::Terminals;
use crate::browser::socket::{Socket, SocketEvent};
use crate::browser::xterm::Screen;
use crate::place::attach_path;

/// The wait before the first try to connect again; it doubles while that fails.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The longest wait between two tries.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// It hasn't begun.
    Opening,
    /// It is there.
    Open,
    /// It was lost, and is tried again.
    Lost,
}

/// See the module.
#[derive(Clone, Copy)]
pub struct Attachment {
    /// The terminal.
    pub id: TerminalId,
    terminals: Terminals,
    /// What shows it; none before it is there, and when it is gone.
    pub screen: StoredValue<Option<Screen>>,
    /// Where the connection stands.
    pub connection: RwSignal<Connection>,
    socket: StoredValue<Option<Socket>>,
    progress: StoredValue<Progress>,
}

/// How far it is.
#[derive(Debug, Default)]
struct Progress {
    printed: Printed,
    typed: Typed,
    /// How often connecting has failed since it last worked.
    failures: u32,
    /// How many bytes of a long paste have arrived, and how many there are.
    pasting: RwSignal<Option<(u64, u64)>>,
    /// Whether the next key is pressed with Ctrl.
    is_controlled: RwSignal<bool>,
}

impl Attachment {
    /// Not connected yet.
    pub fn new(id: TerminalId, terminals: Terminals) -> Self {
        let attachment = Self {
            id,
            terminals,
            screen: StoredValue::new(None),
            connection: RwSignal::new(Connection::Opening),
            socket: StoredValue::new(None),
            progress: StoredValue::new(Progress::default()),
        };
        on_cleanup(move || {
            let _ = attachment.socket.try_update_value(|socket| *socket = None);
            let _ = attachment.screen.try_update_value(|screen| *screen = None);
        });
        attachment
    }

    /// How many bytes of a long paste have arrived, and how many there are.
    pub fn pasting(self) -> RwSignal<Option<(u64, u64)>> {
        self.progress.with_value(|progress| progress.pasting)
    }

    /// Whether the next key is pressed with Ctrl.
    pub fn is_controlled(self) -> RwSignal<bool> {
        self.progress.with_value(|progress| progress.is_controlled)
    }

    /// Connects, from where it was.
    pub fn connect(self) {
        let Some(after) = self.progress.try_with_value(|progress| progress.printed.next) else { return };
        if self.progress.try_update_value(|progress| progress.typed.reconnect()) == Some(true) {
            self.terminals.tell_cut_paste();
        }
        self.note_pasting();
        let path = attach_path(&self.terminals.project(), self.terminals.session, self.id, after);
        self.socket.set_value(Socket::open(&path, move |event| self.hear(event)));
    }

    /// Takes what somebody has typed. Where no shell runs, Enter asks for one.
    pub fn type_in(self, text: &str) {
        if !self.runs() {
            if text == "\r" {
                self.order(&TerminalOrder::Start);
            }
            return;
        }
        if text != "\x03" || !self.interrupt() {
            let _ = self.progress.try_update_value(|progress| progress.typed.push(text));
        }
        self.send_typed();
    }

    /// Ctrl-C while something waits: what was pasted before isn't waited for. Tells whether that was so.
    fn interrupt(self) -> bool {
        let interrupted = self.progress.try_update_value(|progress| {
            let typed = &mut progress.typed;
            typed.is_busy().then(|| typed.interrupt())
        });
        if interrupted == Some(Some(true)) {
            self.order(&TerminalOrder::Interrupt);
        }
        matches!(interrupted, Some(Some(_)))
    }

    /// Takes a key. After the button for Ctrl it is pressed with that.
    pub fn press(self, text: &str) {
        let signal = self.is_controlled();
        let is_controlled = signal.get_untracked();
        if is_controlled {
            signal.set(false);
        }
        match with_control(text).filter(|_| is_controlled) {
            Some(text) => self.type_in(&text),
            None => self.type_in(text),
        }
    }

    /// Takes what somebody has pasted.
    pub fn paste(self, text: &str) {
        if !self.runs() {
            return;
        }
        let is_bracketed = self.with_screen(Screen::wants_brackets) == Some(true);
        let _ = self.progress.try_update_value(|progress| progress.typed.paste(text, is_bracketed));
        self.with_screen(Screen::scroll_to_bottom);
        self.send_typed();
    }

    /// Ends a paste. What the program has got stays.
    pub fn cancel_paste(self) {
        let _ = self.progress.try_update_value(|progress| progress.typed.cancel());
        self.send_typed();
    }

    fn runs(self) -> bool {
        self.terminals.find(self.id).is_some_and(|terminal| terminal.shell == ShellState::Running)
    }

    /// Tells how far a paste is.
    fn note_pasting(self) {
        let now = self.progress.try_with_value(|progress| (progress.pasting, progress.typed.pasting()));
        if let Some((told, now)) = now
            && told.try_get_untracked().is_some_and(|told| told != now)
        {
            told.set(now);
        }
    }

    /// Takes what the screen itself answers. What was asked long ago is answered no more.
    pub fn reply(self, data: String) {
        if self.progress.with_value(|progress| progress.printed.is_live()) {
            self.progress.update_value(|progress| progress.typed.replied(data.len()));
            self.order(&TerminalOrder::Reply { data });
        }
    }

    /// Has the terminal take the size that there is room for.
    pub fn fit(self) {
        let room = self.screen.try_with_value(|screen| screen.as_ref().and_then(Screen::room)).flatten();
        if let Some(size) = room {
            self.resize(size);
            self.order(&TerminalOrder::Resize { size });
        }
    }

    fn resize(self, size: TerminalSize) {
        self.with_screen(|screen| screen.resize(size));
    }

    fn hear(self, event: SocketEvent) {
        match event {
            SocketEvent::Opened => {
                let _ = self.connection.try_set(Connection::Open);
                let _ = self.progress.try_update_value(|progress| progress.failures = 0);
                self.fit();
                self.send_typed();
            }
            SocketEvent::Bytes(bytes) => self.show(&bytes),
            // A server of another version may say what this page doesn't know; the bytes come all the same.
            SocketEvent::Text(text) => {
                if let Ok(news) = serde_json::from_str(&text) {
                    self.note(news);
                }
            }
            SocketEvent::Closed => self.come_back(),
        }
    }

    fn note(self, news: TerminalNews) {
        match news {
            TerminalNews::Position { offset, skipped, live } => {
                let is_gap = self.progress.try_update_value(|progress| progress.printed.begin(offset, live));
                if is_gap == Some(true) || skipped > 0 {
                    let told = format!("\x1b[!p\r\n\x1b[2m[{skipped} bytes are left out here]\x1b[0m\r\n");
                    self.with_screen(|screen| screen.write(told.as_bytes(), || ()));
                }
            }
            TerminalNews::Terminal { terminal } => {
                self.resize(terminal.size);
                self.terminals.put(terminal);
            }
            TerminalNews::Taken { bytes } => {
                let _ = self.progress.try_update_value(|progress| progress.typed.taken(bytes));
                self.send_typed();
            }
            TerminalNews::Closed => {
                self.terminals.remove(self.id);
                // An answer that is on its way may be from before.
                self.terminals.load();
            }
        }
    }

    fn show(self, bytes: &[u8]) {
        let length = bytes.len();
        let _ = self.progress.try_update_value(|progress| progress.printed.received(length));
        self.with_screen(|screen| {
            screen.write(bytes, move || {
                if let Some(Some(offset)) = self.progress.try_update_value(|progress| progress.printed.show(length)) {
                    self.order(&TerminalOrder::Shown { offset });
                }
            });
        });
    }

    fn send_typed(self) {
        while let Some(Some(bytes)) = self.progress.try_update_value(|progress| progress.typed.take_piece()) {
            let _ = self.socket.try_with_value(|socket| {
                if let Some(socket) = socket {
                    socket.send_bytes(&bytes);
                }
            });
        }
        self.note_pasting();
    }

    fn order(self, order: &TerminalOrder) {
        let json = serde_json::to_string(order).expect("an order is plain data");
        let _ = self.socket.try_with_value(|socket| {
            if let Some(socket) = socket {
                socket.send_text(&json);
            }
        });
    }

    /// Connects again after a while, as long as the sandbox runs and the terminal is there.
    fn come_back(self) {
        let _ = self.connection.try_set(Connection::Lost);
        let failed = self.progress.try_update_value(|progress| {
            progress.failures += 1;
            progress.failures
        });
        let Some(failures) = failed else { return };
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(failures - 1)).min(MAX_WAIT);
        set_timeout(
            move || {
                let is_wanted = self.terminals.is_running.try_get_untracked() == Some(true)
                    && self.terminals.find(self.id).is_some();
                if is_wanted {
                    self.connect();
                }
            },
            wait,
        );
    }

    /// Does something with the screen, if it is there.
    pub fn with_screen<T>(self, act: impl FnOnce(&Screen) -> T) -> Option<T> {
        self.screen.try_with_value(|screen| screen.as_ref().map(act)).flatten()
    }
}
