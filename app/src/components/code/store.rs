//! What is known of a session's code: its changes, which of them were viewed, what is open, and comments that wait to be sent.

use std::collections::BTreeMap;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::code::repository::RepositoryState;
use octobot_wire::code::{ChangedFile, Changes, Layout, Rewound};
use octobot_wire::session::SessionState;
use octobot_wire::{Problem, ProjectId, SessionId, TurnId};

use super::arranging::Arranging;
use super::comments::Comment;
use super::edits::Edits;
use super::view::View;
use crate::browser::storage::{keep, kept};
use crate::calls;
use crate::live::follow::Follower;
use crate::live::{ProjectStore, SessionStore};

/// How often changes are asked for where no event tells of them.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Clone, Copy)]
pub struct CodeStore {
    /// The session.
    pub session: SessionId,
    project: StoredValue<ProjectId>,
    /// What changed; none before it is there.
    pub changes: RwSignal<Option<Result<Changes, Problem>>>,
    /// The turn whose changes are meant; else they are those since the session started.
    pub turn: RwSignal<Option<TurnId>>,
    /// Whether the sandbox runs, so that somebody knows.
    pub is_running: Memo<bool>,
    /// Of each file that was viewed, the state in which it was.
    pub viewed: RwSignal<BTreeMap<String, String>>,
    /// Comments that weren't sent yet.
    pub comments: RwSignal<Vec<Comment>>,
    /// Files and differences that are open.
    pub tabs: RwSignal<Vec<View>>,
    /// What was put back last, until somebody has taken note, and whether the conversation was.
    pub rewound: RwSignal<Option<(Rewound, bool)>>,
    commits: StoredValue<Commits>,
    edits: StoredValue<Edits>,
    arranging: StoredValue<Arranging>,
    /// How differences are laid out.
    pub layout: RwSignal<Layout>,
    asking: StoredValue<Asking>,
}

/// What is known of commits.
#[derive(Clone, Copy)]
pub struct Commits {
    /// The one that the session's repository was at when it was last looked at.
    pub head: RwSignal<Option<String>>,
    /// The one that is to be shown among the others.
    pub sought: RwSignal<Option<String>>,
    /// What the session said last of its repository; none before it has.
    pub state: RwSignal<Option<Result<RepositoryState, Problem>>>,
    /// How often it was asked.
    pub asked: StoredValue<u32>,
    /// Whether the next commit is to be of what is staged, which is so once somebody stages something in this page: an agent stages in
    /// passing.
    pub is_staged: RwSignal<bool>,
}

impl Commits {
    fn new() -> Self {
        Self {
            head: RwSignal::new(None),
            sought: RwSignal::new(None),
            state: RwSignal::new(None),
            asked: StoredValue::new(0),
            is_staged: RwSignal::new(false),
        }
    }
}

/// Whether changes are being asked for, and whether that is to be done again then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    Idle,
    Once,
    Again,
}

impl CodeStore {
    /// What is known of the session that is shown; it is kept current.
    #[expect(clippy::new_without_default, reason = "it reads contexts, so it isn't a value")]
    pub fn new() -> Self {
        let (project, session) = (ProjectStore::expect(), SessionStore::expect().id);
        let followed = project.session(session);
        let is_running = move || {
            followed
                .with(|s| s.as_ref().is_some_and(|s| matches!(s.state, SessionState::Ready | SessionState::Running)))
        };
        let store = Self {
            session,
            project: StoredValue::new(project.id()),
            changes: RwSignal::new(None),
            turn: RwSignal::new(None),
            is_running: Memo::new(move |_| is_running()),
            viewed: RwSignal::new(BTreeMap::new()),
            comments: RwSignal::new(Vec::new()),
            tabs: RwSignal::new(Vec::new()),
            rewound: RwSignal::new(None),
            commits: StoredValue::new(Commits::new()),
            edits: StoredValue::new(Edits::of(session)),
            arranging: StoredValue::new(Arranging::new()),
            layout: RwSignal::new(Layout::Unified),
            asking: StoredValue::new(Asking::Idle),
        };
        store.follow(&Follower::expect());
        store.remember();
        store
    }

    /// The project.
    pub fn project(self) -> ProjectId {
        self.project.get_value()
    }

    /// Files that are being edited.
    pub fn edits(self) -> Edits {
        self.edits.get_value()
    }

    /// Files that are created, renamed, deleted or uploaded.
    pub fn arranging(self) -> Arranging {
        self.arranging.get_value()
    }

    /// A changed file.
    pub fn file(self, path: &str) -> Option<ChangedFile> {
        self.changes.with(|changes| match changes {
            Some(Ok(changes)) => changes.files.iter().find(|file| file.path == path).cloned(),
            Some(Err(_)) | None => None,
        })
    }

    /// Whether a file was viewed in the state that it is in.
    pub fn is_viewed(self, file: &ChangedFile) -> bool {
        self.viewed.with(|viewed| viewed.get(&file.path) == Some(&file.state))
    }

    /// Notes that a file was viewed, or that it wasn't.
    pub fn set_viewed(self, file: &ChangedFile, is_viewed: bool) {
        self.viewed.update(|viewed| {
            if is_viewed {
                viewed.insert(file.path.clone(), file.state.clone());
            } else {
                viewed.remove(&file.path);
            }
        });
    }

    /// Notes which commit the repository is at, if somebody still wants to know.
    pub fn note_head(self, head: Option<String>) {
        let Some(Commits { head: known, .. }) = self.commits.try_get_value() else { return };
        if known.try_with_untracked(|known| *known != head) == Some(true) {
            known.set(head);
        }
    }

    /// What is known of commits.
    pub fn commits(self) -> Commits {
        self.commits.get_value()
    }

    /// Notes what was put back, if somebody still wants to know.
    pub fn note_rewound(self, rewound: Option<(Rewound, bool)>) {
        let _ = self.rewound.try_set(rewound);
    }

    /// Chooses whose changes are meant.
    pub fn choose(self, turn: Option<TurnId>) {
        if self.turn.try_get_untracked().is_some_and(|chosen| chosen != turn) {
            self.turn.set(turn);
        }
    }

    /// Asks for the changes. One question at a time; what changes meanwhile is asked for after it.
    pub fn ask(self) {
        if self.asking.try_get_value() != Some(Asking::Idle) {
            let _ = self.asking.try_set_value(Asking::Again);
            return;
        }
        self.asking.set_value(Asking::Once);
        spawn_local(async move {
            let turn = self.turn.get_untracked();
            let answer = calls::load_changes(self.project.get_value(), self.session, turn).await;
            let answer = answer.map_err(|failure| failure.0);
            let is_unwatched = matches!(&answer, Ok(changes) if !changes.is_watched);
            let is_wanted = self.turn.try_get_untracked() == Some(turn);
            if is_wanted && self.changes.with_untracked(|known| known.as_ref() != Some(&answer)) {
                let _ = self.changes.try_set(Some(answer));
            }
            if self.asking.try_update_value(|asking| std::mem::replace(asking, Asking::Idle)) == Some(Asking::Again) {
                self.ask();
            } else if is_unwatched {
                set_timeout(move || self.ask_while_running(), LOOK_AGAIN);
            }
        });
    }

    fn ask_while_running(self) {
        if self.is_running.try_get_untracked() == Some(true) {
            self.ask();
        }
    }

    fn follow(self, follower: &Follower) {
        let code = follower.code;
        Effect::new(move |_| {
            code.track();
            self.turn.track();
            if self.is_running.get() {
                self.ask();
            }
        });
    }

    /// What this browser keeps: nothing of it is lost with the page.
    fn remember(self) {
        let name = |what: &str| format!("octobot.{what}.{}", self.session);
        let (viewed, comments, layout) = (name("viewed"), name("comments"), "octobot.diff-layout");
        Effect::new(move |is_known: Option<bool>| {
            if is_known.is_none() {
                self.viewed.set(kept(&viewed).unwrap_or_default());
                self.comments.set(kept(&comments).unwrap_or_default());
                self.layout.set(kept(layout).unwrap_or_default());
            }
            self.viewed.with(|known| keep(&viewed, known));
            self.comments.with(|known| keep(&comments, known));
            keep(layout, &self.layout.get());
            true
        });
    }
}
