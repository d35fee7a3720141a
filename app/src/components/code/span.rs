//! Whose changes are listed: those of the whole session, or of one turn, which can be rewound.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::code::Rewound;
use octobot_wire::message::{MessageRole, PartBody};
use octobot_wire::{Timestamp, TurnId};

use super::store::CodeStore;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::frame::toasts::Toasts;
use crate::components::session::fork::Forking;
use crate::components::session::rewind::Rewinding;
use crate::live::transcript::LiveMessage;
use crate::live::{ProjectStore, SessionStore};

/// So many characters of a prompt stand for its turn.
const MOST_CHARACTERS: usize = 60;

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
    let choice = move || {
        let turns = turns.get();
        (store.is_running.get() && !turns.is_empty()).then(|| choice(store, &turns))
    };
    let (_, rewinding) = expect_context::<(Forking, Rewinding)>();
    let is_undoing = RwSignal::new(false);
    let last = move || match (store.rewound.get(), store.turn.get()) {
        (Some((rewound, conversation)), _) => Some(done(store, is_undoing, rewound, conversation)),
        (None, Some(turn)) => Some(button(session, rewinding, turn)),
        (None, None) => None,
    };
    view! {
        {dynamic(choice)}
        {dynamic(last)}
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

fn button(session: SessionStore, rewinding: Rewinding, turn: TurnId) -> AnyView {
    let is_busy = Memo::new(move |_| session.turns.with(|turns| !turns.is_empty()));
    let hint = move || if is_busy.get() { "Not while turns run or wait." } else { "" };
    view! {
        <div class="files__note">
            <button
                type="button"
                class="button button--small"
                prop:disabled=dynamic(move || is_busy.get())
                on:click=move |_| rewinding.ask(Some(turn))
            >
                "Rewind to before this turn…"
            </button>
            " "
            {dynamic(hint)}
        </div>
    }
    .into_any()
}

/// What was put back.
fn done(store: CodeStore, is_undoing: RwSignal<bool>, rewound: Rewound, conversation: bool) -> AnyView {
    let words = match rewound.files {
        0 => "The files are as they were before.".to_owned(),
        1 => "1 file was put back, and the branch with it.".to_owned(),
        files => format!("{files} files were put back, and the branch with them."),
    };
    let talk =
        if conversation { " The conversation went back as well." } else { " The conversation goes on as it is." };
    view! {
        <div class="files__note" role="status">
            <p>{words} {talk}</p>
            <div class="files__actions">
                <button
                    type="button"
                    class="button button--small"
                    prop:disabled=dynamic(move || is_undoing.get())
                    on:click=move |_| undo(store, is_undoing, rewound.number, conversation)
                >
                    {dynamic(move || if is_undoing.get() { "Putting back…" } else { "Undo" })}
                </button>
                <button type="button" class="button button--small" on:click=move |_| store.rewound.set(None)>
                    "Done"
                </button>
            </div>
        </div>
    }
    .into_any()
}

/// Undoes it, and shows what the session has changed then. Where only files went back, that can be undone again.
fn undo(store: CodeStore, is_undoing: RwSignal<bool>, number: u32, conversation: bool) {
    let toasts = Toasts::expect();
    is_undoing.set(true);
    spawn_local(async move {
        match calls::undo_rewind(store.project(), store.session, Some(number)).await {
            Ok(rewound) => {
                store.choose(None);
                store.note_rewound((!conversation).then_some((rewound, false)));
            }
            Err(failure) => toasts.failure("That couldn’t be undone", &failure.0),
        }
        let _ = is_undoing.try_set(false);
    });
}

/// The turns that are in force and whose prompts are loaded, the latest first.
fn turns(session: SessionStore, begun: Option<Timestamp>) -> Vec<(TurnId, String)> {
    session.messages.with(|messages| {
        let is_own = |message: &&LiveMessage| Some(message.created_at) >= begun;
        let is_in_force = |message: &&LiveMessage| !message.rewound;
        let prompts = messages.iter().rev().filter(|message| message.role == MessageRole::User);
        let prompts = prompts.filter(is_own).filter(is_in_force);
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
