//! What stays in the transcript of turns that were rewound: a line at their end, which shows them and leads to the undo.

use leptos::prelude::*;
use octobot_wire::message::MessageRole;

use crate::components::dynamic::dynamic;
use crate::components::session::fork::Forking;
use crate::components::session::rewind::Rewinding;
use crate::live::SessionStore;

/// The line at a message, as long as it is the last one that was set aside.
#[component]
pub fn RewoundLine(
    /// The message's number.
    number: u64,
) -> impl IntoView {
    let store = SessionStore::expect();
    let (_, rewinding) = expect_context::<(Forking, Rewinding)>();
    let ends = Memo::new(move |_| store.ends_rewound(number));
    let can_undo = Memo::new(move |_| !goes_on(store, number));
    let words = move || {
        let (turns, is_all) = turns(store, number);
        match (turns, is_all) {
            (1, true) => "1 turn was rewound".to_owned(),
            (turns, true) => format!("{turns} turns were rewound"),
            (_, false) => "Earlier turns were rewound".to_owned(),
        }
    };
    let undo = move || {
        can_undo.get().then(|| {
            view! {
                " · "
                <button type="button" class="fold" on:click=move |_| rewinding.ask(None)>
                    "Undo"
                </button>
            }
            .into_any()
        })
    };
    dynamic(move || {
        ends.get().then(|| {
            view! {
                <p class="remark rewound">
                    {dynamic(words)}
                    " · "
                    <button
                        type="button"
                        class="fold"
                        aria-expanded=dynamic(move || store.unfolded.get().to_string())
                        on:click=move |_| store.unfolded.update(|unfolded| *unfolded = !*unfolded)
                    >
                        {dynamic(move || if store.unfolded.get() { "Hide" } else { "Show" })}
                    </button>
                    {dynamic(undo)}
                </p>
            }
            .into_any()
        })
    })
}

/// Whether something was said after a message, or is about to be.
fn goes_on(store: SessionStore, number: u64) -> bool {
    !store.turns.with(Vec::is_empty)
        || !store.sending.with(Vec::is_empty)
        || store.messages.with(|list| list.last().is_some_and(|last| last.number > number))
}

/// How many turns that end with a message were set aside, and whether those are all, because the one before them is loaded.
fn turns(store: SessionStore, number: u64) -> (usize, bool) {
    store.messages.with(|list| {
        let end = list.partition_point(|message| message.number <= number);
        let before = list[..end].iter().rposition(|message| !message.rewound);
        let rewound = &list[before.map_or(0, |before| before + 1)..end];
        let prompts = rewound.iter().filter(|message| message.role == MessageRole::User).count();
        (prompts, before.is_some() || store.earlier_messages.get() == 0)
    })
}
