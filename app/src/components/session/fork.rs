//! Forking a session: another one that goes on from where this one is, or was after a turn.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use octobot_wire::session::{ForkSession, Session, SessionState};
use octobot_wire::{SessionId, TurnId};

use crate::browser::clock::idempotency_key;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::dialog::Dialog;
use crate::components::frame::toasts::Toasts;
use crate::live::{ProjectStore, SessionStore};
use crate::place::session_url;

/// Whether a session is asked to be forked, and after which turn. One of them is, with `Rewinding`, a context of everything in the session’s page.
#[derive(Clone, Copy)]
pub struct Forking {
    /// Whether the dialog is open.
    pub open: RwSignal<bool>,
    /// The turn after which the fork goes on; none for now.
    pub after: RwSignal<Option<TurnId>>,
}

impl Forking {
    /// Nowhere yet.
    #[expect(clippy::new_without_default, reason = "it makes signals, so it isn't a value")]
    pub fn new() -> Self {
        Self { open: RwSignal::new(false), after: RwSignal::new(None) }
    }

    /// Asks whether to fork the session after a turn.
    pub fn ask(self, turn: TurnId) {
        self.after.set(Some(turn));
        self.open.set(true);
    }
}

/// The dialog that forks a session.
#[component]
pub fn ForkDialog(
    /// The session.
    id: SessionId,
    /// Where it is asked for.
    forking: Forking,
) -> impl IntoView {
    let Forking { open, after: turn } = forking;
    let (store, toasts) = (ProjectStore::expect(), Toasts::expect());
    let navigate = use_navigate();
    let is_busy = RwSignal::new(false);
    let fork = move |_| {
        let navigate = navigate.clone();
        is_busy.set(true);
        spawn_local(async move {
            let request =
                ForkSession { turn: turn.get_untracked(), before: false, idempotency_key: Some(idempotency_key()) };
            let answer = calls::fork_session(store.id(), id, request).await;
            // The page may have gone on to another session meanwhile.
            let is_here = is_busy.try_set(false).is_none() && open.try_set(false).is_none();
            match answer {
                Ok(fork) => {
                    let url = session_url(&store.id(), fork.id);
                    store.take_session(fork);
                    if is_here {
                        navigate(&url, NavigateOptions::default());
                    }
                }
                Err(failure) => toasts.failure("The session couldn’t be forked", &failure.0),
            }
        });
    };
    let session = store.session(id);
    let transcript = use_context::<SessionStore>();
    let obstacle = Memo::new(move |_| session.with(|session| obstacle(session.as_ref(), transcript, turn.get())));
    let moment = move || if turn.get().is_some() { "as they were after this turn" } else { "as they are now" };
    view! {
        <Dialog open title="Fork this session?">
            <div class="dialog__text">
                <p>
                    "A new session with the same agent begins with the files and the conversation " {dynamic(moment)}
                    ". Work that isn’t committed comes along; files that git ignores don’t."
                </p>
                <p>{dynamic(move || obstacle.get().unwrap_or("This session stays as it is."))}</p>
            </div>
            <div class="dialog__actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    "Cancel"
                </button>
                <button
                    type="button"
                    class="button button--primary"
                    autofocus
                    prop:disabled=dynamic(move || is_busy.get() || obstacle.with(Option::is_some))
                    on:click=fork.clone()
                >
                    {dynamic(move || if is_busy.get() { "Forking…" } else { "Fork" })}
                </button>
            </div>
        </Dialog>
    }
}

/// What has to be done before a session can be forked.
fn obstacle(session: Option<&Session>, transcript: Option<SessionStore>, turn: Option<TurnId>) -> Option<&'static str> {
    let session = session?;
    let runs = match (turn, transcript) {
        (Some(turn), Some(transcript)) => transcript.turns.with(|turns| turns.iter().any(|known| known.id == turn)),
        _ => session.state == SessionState::Running,
    };
    let is_told = turn.is_some()
        && transcript.is_some_and(|transcript| {
            transcript.messages.with(|messages| {
                let said = messages.iter().find(|message| Some(message.turn_id) == turn);
                said.is_some_and(|message| message.created_at < session.created_at)
            })
        });
    match session.state {
        _ if is_told => Some(
            "The files of this turn are in the session that this one was forked from: fork that one, or this one as it is now.",
        ),
        SessionState::Ready | SessionState::Running if runs => Some("Wait until the turn has ended, or stop it."),
        SessionState::Ready | SessionState::Running => None,
        _ => Some("Start this session’s sandbox first: the files are in it."),
    }
}
