//! The terminals of a session, as a page knows them.

use std::collections::HashMap;

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::name::name_from_prompt;
use octobot_wire::session::SessionState;
use octobot_wire::terminal::{OpenTerminal, RenameTerminal, Terminal};
use octobot_wire::{Problem, ProjectId, SessionId, TerminalId};

use crate::browser::clock;
use crate::calls;
use crate::components::frame::toasts::Toasts;
use crate::components::session::actions::SessionActions;
use crate::live::ProjectStore;
use crate::live::follow::Follower;

/// See the module.
#[derive(Clone, Copy)]
pub struct Terminals {
    /// The session.
    pub session: SessionId,
    project: StoredValue<ProjectId>,
    toasts: Toasts,
    /// Those that are open; none before the server has told.
    pub list: RwSignal<Option<Result<Vec<Terminal>, Problem>>>,
    /// The one that is shown.
    pub active: RwSignal<Option<TerminalId>>,
    /// Whether the sandbox runs.
    pub is_running: Memo<bool>,
    /// Whether screens tell a screen reader what they show.
    pub screen_reader: Memo<bool>,
    is_opening: RwSignal<bool>,
    /// Counts what makes an answer that is on its way an old one.
    asked: StoredValue<u32>,
    titles: RwSignal<HashMap<TerminalId, String>>,
}

impl Terminals {
    /// Loads the terminals whenever the sandbox runs, and opens one where there is none. A sandbox that is stopped is started.
    pub fn of(session: SessionId) -> Self {
        let store = ProjectStore::expect();
        let followed = store.session(session);
        let terminals = Self {
            session,
            project: StoredValue::new(store.id()),
            toasts: Toasts::expect(),
            list: RwSignal::new(None),
            active: RwSignal::new(None),
            is_running: Memo::new(move |_| {
                followed.with(|session| {
                    session.as_ref().is_some_and(|s| matches!(s.state, SessionState::Ready | SessionState::Running))
                })
            }),
            screen_reader: Memo::new(move |_| store.preferences.with(|preferences| preferences.screen_reader)),
            is_opening: RwSignal::new(false),
            asked: StoredValue::new(0),
            titles: RwSignal::new(HashMap::new()),
        };
        let is_stopped =
            store.find_session(session).is_some_and(|session| matches!(session.state, SessionState::Stopped));
        if is_stopped {
            SessionActions::new().start(session);
        }
        let events = Follower::expect();
        Effect::new(move |_| {
            // Another tab may have opened one, or closed one.
            events.terminals.track();
            if terminals.is_running.get() {
                terminals.load();
            }
        });
        terminals
    }

    /// The project.
    pub fn project(self) -> ProjectId {
        self.project.get_value()
    }

    /// Asks which terminals there are. Of several answers the last one counts.
    pub fn load(self) {
        let Some(asked) = self.ask() else { return };
        spawn_local(async move {
            let list = calls::list_terminals(self.project(), self.session).await.map_err(|failure| failure.0);
            if self.asked.try_get_value() != Some(asked) {
                return;
            }
            let is_empty = list.as_ref().is_ok_and(Vec::is_empty);
            let is_first = self.list.try_with_untracked(|known| !matches!(known, Some(Ok(_))));
            let first = list.as_ref().ok().and_then(|list| list.first().map(|terminal| terminal.id));
            // The page may show another session by now.
            if self.list.try_set(Some(list)).is_none() {
                let known = self.active.get_untracked().filter(|id| self.find(*id).is_some());
                self.active.set(known.or(first));
                // Where somebody has closed the last one, there is none.
                if is_empty && is_first == Some(true) {
                    self.open();
                }
            }
        });
    }

    fn ask(self) -> Option<u32> {
        self.asked.try_update_value(|asked| {
            *asked += 1;
            *asked
        })
    }

    /// Opens another one.
    pub fn open(self) {
        if self.is_opening.get_untracked() {
            return;
        }
        self.is_opening.set(true);
        let request = OpenTerminal { id: Some(TerminalId::new(clock::idempotency_key())), ..OpenTerminal::default() };
        spawn_local(async move {
            let opened = calls::open_terminal(self.project(), self.session, request).await;
            let _ = self.is_opening.try_set(false);
            match opened {
                Ok(terminal) => {
                    let id = terminal.id;
                    self.put(terminal);
                    let _ = self.active.try_set(Some(id));
                    // An answer that is on its way may be from before.
                    self.load();
                }
                Err(failure) => self.toasts.failure("The terminal couldn't be opened", &failure.0),
            }
        });
    }

    /// Gives one another name.
    pub fn rename(self, id: TerminalId, name: String) {
        spawn_local(async move {
            match calls::rename_terminal(self.project(), self.session, id, RenameTerminal { name }).await {
                Ok(terminal) => {
                    self.put(terminal);
                    self.load();
                }
                Err(failure) => self.toasts.failure("The terminal couldn't be renamed", &failure.0),
            }
        });
    }

    /// Closes one.
    pub fn close(self, id: TerminalId) {
        spawn_local(async move {
            match calls::close_terminal(self.project(), self.session, id).await {
                Ok(()) => {
                    self.remove(id);
                    self.load();
                }
                Err(failure) => self.toasts.failure("The terminal couldn't be closed", &failure.0),
            }
        });
    }

    /// Takes note of how one is now.
    pub fn put(self, terminal: Terminal) {
        let _ = self.list.try_update(|list| {
            let list = list.get_or_insert_with(|| Ok(Vec::new()));
            if let Ok(list) = list {
                match list.iter_mut().find(|known| known.id == terminal.id) {
                    Some(known) => *known = terminal,
                    None => list.push(terminal),
                }
            }
        });
    }

    /// Takes note that one is gone.
    pub fn remove(self, id: TerminalId) {
        let _ = self.list.try_update(|list| {
            if let Some(Ok(list)) = list {
                list.retain(|terminal| terminal.id != id);
            }
        });
        if self.active.try_get_untracked() == Some(Some(id)) {
            let next = self.all_untracked().last().map(|terminal| terminal.id);
            self.active.set(next);
        }
    }

    /// Says that a paste is too long.
    pub fn tell_too_long(self) {
        self.toasts.warn(
            "Nothing was pasted",
            "That is more than 64 MiB. Drop it as a file onto the list of all files instead.",
        );
    }

    /// Says that a paste broke off.
    pub fn tell_cut_paste(self) {
        self.toasts.warn(
            "Not all was pasted",
            "The connection was lost. Look at what the program has got, and paste the rest.",
        );
    }

    /// Says that the browser keeps its clipboard to itself.
    pub fn tell_not_copied(self) {
        self.toasts.warn("Nothing was copied", "The browser doesn’t let this page write to the clipboard.");
    }

    /// All that are open.
    pub fn all(self) -> Vec<Terminal> {
        self.list.with(|list| list.as_ref().and_then(|list| list.as_ref().ok()).cloned().unwrap_or_default())
    }

    /// One of them, as it is now.
    pub fn find(self, id: TerminalId) -> Option<Terminal> {
        self.all_untracked().into_iter().find(|terminal| terminal.id == id)
    }

    /// What runs in one wants to be called so. Anybody can print that, so it is only a hint beside the name, and only its
    /// printable characters count.
    pub fn set_title(self, id: TerminalId, title: &str) {
        let is_empty = title.trim().is_empty();
        let title = name_from_prompt(title);
        let _ = self.titles.try_update(|titles| if is_empty { titles.remove(&id) } else { titles.insert(id, title) });
    }

    /// The hint of one.
    pub fn title(self, id: TerminalId) -> Option<String> {
        self.titles.with(|titles| titles.get(&id).cloned())
    }

    fn all_untracked(self) -> Vec<Terminal> {
        untrack(|| self.all())
    }
}
