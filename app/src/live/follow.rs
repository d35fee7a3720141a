//! The one event stream of a tab: opened after what the views include, applied to the stores, and opened again when
//! another session is shown, when the server forgot what comes next, and when the browser gave up.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::event::{Change, ProjectEvent};

use super::cursor::{Concerns, Cursor};
use super::{ProjectStore, SessionStore};
use crate::browser::events::{EventStream, StreamEvent};
use crate::calls;

/// How long a connection may be away before the page says so.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait before asking again after a refusal.
const RETRY: Duration = Duration::from_secs(2);
/// Events are applied at most once per frame of a screen, so that a flood of them doesn't draw more often than that.
const FRAME: Duration = Duration::from_millis(16);

/// The follower of a project's events. A context of everything inside the frame.
#[derive(Clone, Copy)]
pub struct Follower {
    /// Whether the connection has been away for longer than a moment.
    pub is_lost: RwSignal<bool>,
    /// Counts how often the network policy may have become another, for whoever shows it.
    pub network: RwSignal<u32>,
    /// Counts how often files of the session that is shown may have become others.
    pub code: RwSignal<u32>,
    /// Counts how often terminals of that session may have come, gone or got other names.
    pub terminals: RwSignal<u32>,
    project: ProjectStore,
    session: RwSignal<Option<SessionStore>>,
    cursor: StoredValue<Cursor>,
    /// Counts the openings of the stream; another value opens it anew.
    opening: RwSignal<u32>,
    stream: StoredValue<Option<EventStream>>,
    waiting: StoredValue<Vec<ProjectEvent>>,
    patience: StoredValue<Option<TimeoutHandle>>,
}

impl Follower {
    /// Follows a project from `as_of` on: in the browser, once the page is up.
    pub fn start(project: ProjectStore, as_of: u64) -> Self {
        let follower = Self {
            is_lost: RwSignal::new(false),
            network: RwSignal::new(0),
            code: RwSignal::new(0),
            terminals: RwSignal::new(0),
            project,
            session: RwSignal::new(None),
            cursor: StoredValue::new(Cursor::new(as_of)),
            opening: RwSignal::new(0),
            stream: StoredValue::new(None),
            waiting: StoredValue::new(Vec::new()),
            patience: StoredValue::new(None),
        };
        Effect::new(move |_| {
            follower.opening.track();
            follower.open();
        });
        Effect::new(move |_| {
            let hide = window_event_listener(leptos::ev::pagehide, move |_| follower.close());
            // A page that comes back from the browser's cache had its connection taken away.
            let show = window_event_listener(leptos::ev::pageshow, move |event| {
                if event.persisted() {
                    follower.reopen();
                }
            });
            on_cleanup(move || {
                hide.remove();
                show.remove();
                follower.close();
            });
        });
        follower
    }

    /// The follower of the frame that this component stands in.
    pub fn expect() -> Self {
        expect_context()
    }

    /// Feeds a session's store too, which includes everything up to `as_of`, until it is hidden.
    pub fn show(self, session: SessionStore, as_of: u64) {
        self.cursor.update_value(|cursor| cursor.show_session(as_of));
        self.session.set(Some(session));
        self.reopen();
    }

    /// Stops feeding a session's store. The stream stays as it is: another session usually comes next.
    pub fn hide(self, session: SessionStore) {
        let is_shown = self.session.try_with_untracked(|shown| shown.is_some_and(|shown| shown.id == session.id));
        if is_shown == Some(true) {
            self.cursor.update_value(Cursor::hide_session);
            self.session.set(None);
        }
    }

    fn reopen(self) {
        let _ = self.opening.try_update(|count| *count += 1);
    }

    fn close(self) {
        let _ = self.stream.try_update_value(|stream| *stream = None);
    }

    fn open(self) {
        let project = self.project.id();
        let after = self.cursor.with_value(|cursor| cursor.after());
        let session = self.session.with_untracked(|shown| shown.map(|shown| format!("&session={}", shown.id)));
        let session = session.unwrap_or_default();
        let url = format!("/api/projects/{project}/events?after={after}{session}");
        self.close();
        let stream = EventStream::open(&url, move |event| self.hear(event));
        self.stream.set_value(stream);
    }

    fn hear(self, event: StreamEvent) {
        match event {
            StreamEvent::Opened => {
                self.calm();
                let _ = self.is_lost.try_set(false);
            }
            StreamEvent::Data(data) => match serde_json::from_str(&data) {
                Ok(event) => self.take(event),
                // A server of another version: its views can still be loaded. Not from here, because that drops the
                // stream, and with it the listener that this runs in.
                Err(_) => set_timeout(move || self.reload(), Duration::ZERO),
            },
            StreamEvent::Lost => self.worry(),
            StreamEvent::Refused => {
                self.worry();
                set_timeout(move || self.reopen(), RETRY);
            }
        }
    }

    /// Says that the connection is lost, unless it is back in time.
    fn worry(self) {
        let waits = self.patience.try_with_value(Option::is_some).unwrap_or(true);
        if !waits
            && let Ok(timer) = set_timeout_with_handle(
                move || {
                    let _ = self.is_lost.try_set(true);
                },
                PATIENCE,
            )
        {
            self.patience.set_value(Some(timer));
        }
    }

    fn calm(self) {
        if let Some(Some(timer)) = self.patience.try_update_value(Option::take) {
            timer.clear();
        }
    }

    /// Keeps an event for the next frame.
    fn take(self, event: ProjectEvent) {
        let is_first = self.waiting.try_update_value(|waiting| {
            waiting.push(event);
            waiting.len() == 1
        });
        if is_first == Some(true) {
            set_timeout(move || self.apply_waiting(), FRAME);
        }
    }

    fn apply_waiting(self) {
        let Some(events) = self.waiting.try_update_value(std::mem::take) else { return };
        let session = self.session.get_untracked();
        for event in events {
            // Which messages are set aside is in the view.
            if matches!(event.change, Change::Reset | Change::Rewound { .. }) {
                self.reload();
                return;
            }
            if event.change == Change::NetworkPolicy {
                self.network.update(|count| *count += 1);
            }
            if matches!(event.change, Change::CodeChanged { .. }) {
                self.code.update(|count| *count += 1);
            }
            if matches!(event.change, Change::TerminalsChanged { .. }) {
                self.terminals.update(|count| *count += 1);
            }
            match self.cursor.try_update_value(|cursor| cursor.note(&event)) {
                Some(Concerns::Project) => self.project.apply(event.change),
                Some(Concerns::Session) => {
                    if let Some(session) = session {
                        session.apply(event.change);
                    }
                }
                Some(Concerns::Nobody) | None => {}
            }
        }
    }

    /// Loads the views again, and follows from there.
    fn reload(self) {
        self.close();
        let project = self.project.id();
        let shown = self.session.get_untracked();
        spawn_local(async move {
            let frame = calls::load_project(project.clone()).await;
            let session = match shown {
                Some(shown) => calls::load_session(project, shown.id).await.ok().map(|view| (shown, view)),
                None => None,
            };
            let Ok(frame) = frame else {
                set_timeout(move || self.reload(), RETRY);
                return;
            };
            let _ = self.cursor.try_update_value(|cursor| {
                cursor.reset_project(frame.as_of);
                if let Some((_, view)) = &session {
                    cursor.show_session(view.as_of);
                }
            });
            self.project.replace(frame);
            self.network.update(|count| *count += 1);
            self.code.update(|count| *count += 1);
            self.terminals.update(|count| *count += 1);
            if let Some((shown, view)) = session {
                shown.replace(view);
            }
            self.reopen();
        });
    }
}
