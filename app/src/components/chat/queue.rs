//! The prompts that wait, in the order in which they will run.

use leptos::prelude::*;
use octobot_wire::turn::TurnState;

use super::queued_turn::QueuedTurn;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::spinner::Spinner;
use crate::live::SessionStore;

/// The queue. Nothing when nothing waits.
#[component]
pub fn Queue() -> impl IntoView {
    let store = SessionStore::expect();
    let queued = Memo::new(move |_| {
        store.turns.with(|turns| {
            turns.iter().filter(|turn| turn.state == TurnState::Queued).map(|turn| turn.id).collect::<Vec<_>>()
        })
    });
    let count = move || queued.with(Vec::len) + store.sending.with(Vec::len);
    view! {
        <When when=move || { count() > 0 }>
            <section class="queue" aria-label="Queued prompts">
                <h2 class="queue__title">{dynamic(move || format!("Queued · {}", count()))}</h2>
                <ol class="queue__list">
                    <Rows each=move || queued.get() key=|id| id.uuid() let:id>
                        <QueuedTurn id/>
                    </Rows>
                    <Rows each=move || store.sending.get() key=|sent| sent.key let:sent>
                        <li class="queued queued--sending">
                            <Spinner/>
                            <pre class="queued__text">{sent.prompt}</pre>
                            <span class="faint">"Sending…"</span>
                        </li>
                    </Rows>
                </ol>
            </section>
        </When>
    }
}
