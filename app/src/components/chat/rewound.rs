//! What stays in the transcript of turns that were rewound: a line at their end, which shows them and leads to the undo.

use leptos::prelude::*;
use octobot_wire::rewind::Stretch;

use crate::components::dynamic::dynamic;
use crate::components::session::rewind::Rewinding;
use crate::live::SessionStore;

/// The line of a stretch.
pub fn rewound_line(store: SessionStore, stretch: Stretch) -> AnyView {
    let Stretch { first: _, last, turns, undo } = stretch;
    let rewinding = expect_context::<Rewinding>();
    let is_shown = move || store.unfolded.get() == last;
    let can_undo = move || undo.is_some() && !store.goes_on(last);
    view! {
        <p class="remark rewound" class:rewound--folded=dynamic(move || !is_shown())>
            {turns}
            {if turns == 1 { " turn was rewound · " } else { " turns were rewound · " }}
            <button
                type="button"
                class="fold"
                aria-expanded=dynamic(move || is_shown().to_string())
                on:click=move |_| store.unfolded.set(if untrack(is_shown) { 0 } else { last })
            >
                {dynamic(move || if is_shown() { "Hide" } else { "Show" })}
            </button>
            {dynamic(move || {
                can_undo()
                    .then(|| {
                        view! {
                            " · "
                            <button type="button" class="fold" on:click=move |_| rewinding.ask(None)>
                                "Undo"
                            </button>
                        }
                            .into_any()
                    })
            })}
        </p>
    }
    .into_any()
}
