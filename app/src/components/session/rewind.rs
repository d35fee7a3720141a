//! Going back to before a turn, with the conversation or without it, and undoing that.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::TurnId;
use octobot_wire::code::Rewound;
use octobot_wire::session::SessionState;

use crate::calls;
use crate::components::chat::draft::Draft;
use crate::components::code::desk::Desk;
use crate::components::code::store::CodeStore;
use crate::components::dynamic::dynamic;
use crate::components::form::dialog::Dialog;
use crate::components::frame::toasts::Toasts;
use crate::live::{ProjectStore, SessionStore};

/// What is asked to be rewound. With `Forking` a context of everything in the session’s page.
#[derive(Clone, Copy)]
pub struct Rewinding {
    /// Whether the dialog is open.
    pub open: RwSignal<bool>,
    /// The turn to go back to before; none for undoing the last rewind of the conversation.
    pub before: RwSignal<Option<TurnId>>,
}

impl Rewinding {
    /// Nothing yet.
    #[expect(clippy::new_without_default, reason = "it makes signals, so it isn't a value")]
    pub fn new() -> Self {
        Self { open: RwSignal::new(false), before: RwSignal::new(None) }
    }

    /// Asks how far to go back to before a turn; without one, whether to undo the last rewind.
    pub fn ask(self, before: Option<TurnId>) {
        self.before.set(before);
        self.open.set(true);
    }
}

/// The dialog that asks.
#[component]
pub fn RewindDialog(
    /// What is asked.
    rewinding: Rewinding,
) -> impl IntoView {
    let Rewinding { open, before } = rewinding;
    let work = Work::new(open);
    let session = ProjectStore::expect().session(work.session.id);
    let obstacle = Memo::new(move |_| {
        let (state, begun) = session.with(|s| s.as_ref().map(|s| (s.state.clone(), s.created_at)))?;
        let first = before.get().and_then(|turn| work.session.prompt_message(turn));
        if !work.session.turns.with(Vec::is_empty) {
            Some("Wait until no turn runs and no prompt waits, or stop and delete them.")
        } else if !matches!(state, SessionState::Ready | SessionState::Running) {
            Some("Start this session’s sandbox first: the files are in it.")
        } else if first.as_ref().is_some_and(|message| message.created_at < begun) {
            Some("The files of this turn are in the session that this one was forked from: rewind or fork that one.")
        } else if work.conversation.get() && first.is_some_and(|message| message.rewound) {
            Some("This turn was rewound itself. Rewind only the files, undo that first, or choose another turn.")
        } else {
            None
        }
    });
    let is_undo = move || before.get().is_none();
    let title =
        Signal::derive(move || if is_undo() { "Undo the rewind?" } else { "Rewind to before this turn?" }.to_owned());
    let what = move || {
        if is_undo() {
            view! {
                <p>
                    "The files, the branch and the conversation become what they were before it. What the files are now is kept,
                    but not shown."
                </p>
            }
            .into_any()
        } else {
            choice(work.conversation)
        }
    };
    let action = move || match (work.is_busy.get(), is_undo()) {
        (true, _) => "Putting back…",
        (false, true) => "Undo",
        (false, false) => "Rewind",
    };
    let go = move |_| match before.get_untracked() {
        Some(turn) => work.rewind(turn),
        None => work.undo(),
    };
    view! {
        <Dialog open title>
            <div class="dialog__text">
                {dynamic(what)}
                {dynamic(move || obstacle.get().map(|why| view! { <p>{why}</p> }.into_any()))}
            </div>
            <div class="dialog__actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    "Cancel"
                </button>
                <button
                    type="button"
                    class="button button--primary"
                    autofocus
                    prop:disabled=dynamic(move || work.is_busy.get() || obstacle.with(Option::is_some))
                    on:click=go
                >
                    {dynamic(action)}
                </button>
            </div>
        </Dialog>
    }
}

/// How far to go back.
fn choice(conversation: RwSignal<bool>) -> AnyView {
    let option = move |title: &'static str, about: &'static str, stands_for: bool| {
        view! {
            <label class="card">
                <input
                    type="radio"
                    name="rewind-extent"
                    prop:checked=dynamic(move || conversation.get() == stands_for)
                    on:change=move |_| conversation.set(stands_for)
                />
                <span class="card__text">
                    <span class="card__title">{title}</span>
                    <span class="card__about">{about}</span>
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="cards">
            <legend class="visually-hidden">"What goes back"</legend>
            {option(
                "Files and conversation",
                "The agent forgets this turn and what came after it. It is told what was said before with your next prompt.",
                true,
            )}
            {option("Files only", "The conversation goes on as it is.", false)}
        </fieldset>
        <p>"Files, branch and index become what they were before the turn. What they are now is kept, so that this can be undone."</p>
    }
    .into_any()
}

/// What the dialog does.
#[derive(Clone, Copy)]
struct Work {
    project: ProjectStore,
    session: SessionStore,
    toasts: Toasts,
    draft: Draft,
    code: CodeStore,
    open: RwSignal<bool>,
    is_busy: RwSignal<bool>,
    /// Whether the conversation goes back as well.
    conversation: RwSignal<bool>,
}

impl Work {
    fn new(open: RwSignal<bool>) -> Self {
        Self {
            project: ProjectStore::expect(),
            session: SessionStore::expect(),
            toasts: Toasts::expect(),
            draft: Draft::expect(),
            code: Desk::store(),
            open,
            is_busy: RwSignal::new(false),
            conversation: RwSignal::new(true),
        }
    }

    /// Goes back. The prompt of the turn becomes the draft, if there is none, to be changed and sent again.
    fn rewind(self, turn: TurnId) {
        let conversation = self.conversation.get_untracked();
        let prompt = self.session.prompt_of(turn).filter(|_| conversation);
        let call = calls::rewind(self.project.id(), self.session.id, turn, conversation);
        self.run("That couldn’t be rewound", call, move |rewound| {
            self.code.choose(None);
            self.code.note_rewound(Some((rewound, conversation)));
            if let Some(prompt) = prompt
                && self.draft.text.try_with_untracked(String::is_empty) == Some(true)
            {
                self.draft.take(&prompt);
            }
        });
    }

    fn undo(self) {
        let call = calls::undo_rewind(self.project.id(), self.session.id, None);
        self.run("The rewind couldn’t be undone", call, move |_| {
            self.code.choose(None);
            self.code.note_rewound(None);
        });
    }

    fn run(
        self,
        failed: &'static str,
        call: impl Future<Output = Result<Rewound, calls::Failure>> + 'static,
        done: impl FnOnce(Rewound) + 'static,
    ) {
        self.is_busy.set(true);
        spawn_local(async move {
            let answer = call.await;
            // The page may have gone on to another session meanwhile.
            let is_here = self.is_busy.try_set(false).is_none() && self.open.try_set(false).is_none();
            match answer {
                Ok(rewound) if is_here => done(rewound),
                Ok(_) => {}
                Err(failure) => self.toasts.failure(failed, &failure.0),
            }
        });
    }
}
