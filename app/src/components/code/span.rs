//! Whose changes are listed: those of the whole session, or of one turn, whose files can be put back to what they were before it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::code::Rewound;
use octobot_wire::message::{MessageRole, PartBody};
use octobot_wire::{Timestamp, TurnId};

use super::store::CodeStore;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::spinner::Spinner;
use crate::components::frame::toasts::Toasts;
use crate::live::transcript::LiveMessage;
use crate::live::{ProjectStore, SessionStore};

/// So many characters of a prompt stand for its turn.
const MOST_CHARACTERS: usize = 60;

/// Where putting files back stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    Working,
    Done(Rewound),
}

/// The choice, and what can be done with a turn. Nothing before the first prompt.
#[component]
pub fn Span(
    /// What is known of the code.
    store: CodeStore,
) -> impl IntoView {
    let session = SessionStore::expect();
    let known = ProjectStore::expect().session(store.session);
    // What a fork was told of is kept where it happened.
    let begun = Memo::new(move |_| known.with(|known| known.as_ref().map(|known| known.created_at)));
    let turns = Memo::new(move |_| turns(session, begun.get()));
    let stage = RwSignal::new(Stage::Open);
    let choice = move || {
        let turns = turns.get();
        (store.is_running.get() && !turns.is_empty()).then(|| choice(store, &turns))
    };
    let rewinding = move || match (stage.get(), store.turn.get()) {
        (Stage::Working, _) => Some(
            view! {
                <p class="files__note" role="status">
                    <Spinner/>
                    " Putting files back…"
                </p>
            }
            .into_any(),
        ),
        (Stage::Done(rewound), _) => Some(done(store, stage, rewound)),
        (Stage::Open, Some(turn)) => Some(button(store, session, stage, turn)),
        (Stage::Open, None) => None,
    };
    view! {
        {dynamic(choice)}
        {dynamic(rewinding)}
    }
}

fn choice(store: CodeStore, turns: &[(TurnId, String)]) -> AnyView {
    let chosen = store.turn.get_untracked();
    let turns = turns.to_vec();
    let ids: Vec<TurnId> = turns.iter().map(|(turn, _)| *turn).collect();
    let options = turns.into_iter().map(|(turn, prompt)| {
        view! {
            <option value=turn.to_string() selected=chosen == Some(turn)>
                {prompt}
            </option>
        }
    });
    let options = options.collect_view();
    view! {
        <select
            class="select select--wide"
            aria-label="Whose changes"
            prop:value=dynamic(move || store.turn.get().map(|turn| turn.to_string()).unwrap_or_default())
            on:change=move |event| {
                let chosen = event_target_value(&event);
                store.choose(ids.iter().copied().find(|turn| turn.to_string() == chosen));
            }
        >
            <option value="" selected=chosen.is_none()>
                "Changes of the session"
            </option>
            <optgroup label="Changes of the turn">{options}</optgroup>
        </select>
    }
    .into_any()
}

fn button(store: CodeStore, session: SessionStore, stage: RwSignal<Stage>, turn: TurnId) -> AnyView {
    let is_busy = Memo::new(move |_| session.turns.with(|turns| !turns.is_empty()));
    let rewind = move |_| {
        work(store, stage, "The files couldn’t be put back", async move {
            calls::rewind(store.project(), store.session, turn).await
        });
    };
    let hint = move || if is_busy.get() { "Not while turns run or wait." } else { "" };
    view! {
        <div class="files__note">
            <button type="button" class="button button--small" prop:disabled=dynamic(move || is_busy.get()) on:click=rewind>
                "Rewind to before this turn"
            </button>
            " "
            {dynamic(hint)}
        </div>
    }
    .into_any()
}

fn done(store: CodeStore, stage: RwSignal<Stage>, rewound: Rewound) -> AnyView {
    let Rewound { number, files } = rewound;
    let words = match files {
        0 => "The files are as they were before.".to_owned(),
        1 => "1 file was put back, and the branch with it.".to_owned(),
        files => format!("{files} files were put back, and the branch with them."),
    };
    let undo = move |_| {
        work(store, stage, "The files couldn’t be put back", async move {
            calls::undo_rewind(store.project(), store.session, number).await
        });
    };
    view! {
        <div class="files__note" role="status">
            <p>{words} " The conversation goes on as it is."</p>
            <div class="files__actions">
                <button type="button" class="button button--small" on:click=undo>
                    "Undo"
                </button>
                <button type="button" class="button button--small" on:click=move |_| stage.set(Stage::Open)>
                    "Done"
                </button>
            </div>
        </div>
    }
    .into_any()
}

/// Puts files back, and shows what the session has changed then.
fn work(
    store: CodeStore,
    stage: RwSignal<Stage>,
    failed: &'static str,
    call: impl Future<Output = Result<Rewound, calls::Failure>> + 'static,
) {
    let toasts = Toasts::expect();
    let before = stage.get_untracked();
    stage.set(Stage::Working);
    spawn_local(async move {
        let next = match call.await {
            Ok(rewound) => {
                store.choose(None);
                Stage::Done(rewound)
            }
            Err(failure) => {
                toasts.failure(failed, &failure.0);
                before
            }
        };
        let _ = stage.try_set(next);
    });
}

/// The turns whose prompts are loaded, the latest first.
fn turns(session: SessionStore, begun: Option<Timestamp>) -> Vec<(TurnId, String)> {
    session.messages.with(|messages| {
        let is_own = |message: &&LiveMessage| Some(message.created_at) >= begun;
        let prompts = messages.iter().rev().filter(|message| message.role == MessageRole::User).filter(is_own);
        prompts
            .map(|message| {
                (message.turn_id, message.parts.with(|parts| prompt(parts.iter().map(|part| part.body.get()))))
            })
            .collect()
    })
}

/// What a prompt is called.
fn prompt(mut parts: impl Iterator<Item = PartBody>) -> String {
    let text = parts.find_map(|part| if let PartBody::Text(prose) = part { Some(prose.text) } else { None });
    let text = text.unwrap_or_default();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST_CHARACTERS {
        return line;
    }
    line.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use octobot_wire::message::Prose;

    use super::*;

    #[test]
    fn a_turn_is_called_after_its_prompt() {
        let named =
            |text: &str| prompt([PartBody::Text(Prose { text: text.to_owned(), ..Prose::default() })].into_iter());
        assert_eq!(named("fix\n  the tests"), "fix the tests");
        assert_eq!(named(&"ü".repeat(100)).chars().count(), MOST_CHARACTERS);
        assert_eq!(prompt(std::iter::empty()), "");
    }
}
