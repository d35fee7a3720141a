//! Searching what all terminals of a session have printed, as far as it is kept, closed ones included.

use leptos::prelude::*;
use leptos::task::spawn_local;
use octobot_wire::Problem;
use octobot_wire::terminal::{TerminalLine, TerminalMatches, TerminalQuery};

use super::terminals::Terminals;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::form::dialog::Dialog;
use crate::components::form::spinner::Spinner;

/// What became of a search.
#[derive(Debug, Clone)]
enum Search {
    Asked,
    Found(TerminalMatches),
    Failed(Problem),
}

/// See the module.
#[component]
pub fn HistoryDialog(
    /// The terminals.
    terminals: Terminals,
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let found = RwSignal::new(None::<Search>);
    let search = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted = text.get_untracked();
        if wanted.trim().is_empty() {
            return;
        }
        found.set(Some(Search::Asked));
        spawn_local(async move {
            let query = TerminalQuery { text: wanted };
            let answer = calls::search_terminals(terminals.project(), terminals.session, query).await;
            let _ = found.try_set(Some(match answer {
                Ok(matches) => Search::Found(matches),
                Err(failure) => Search::Failed(failure.0),
            }));
        });
    };
    view! {
        <Dialog open title="Search the output of all terminals">
            <form class="terminal-history__form" on:submit=search>
                <input
                    class="input"
                    type="search"
                    autofocus
                    aria-label="A part of a line"
                    placeholder="A part of a line"
                    prop:value=dynamic(move || text.get())
                    on:input=move |event| text.set(event_target_value(&event))
                />
                <button class="button button--primary">"Search"</button>
            </form>
            <div class="terminal-history__found" aria-live="polite">
                {dynamic(move || result(terminals, open, found))}
            </div>
        </Dialog>
    }
}

fn result(terminals: Terminals, open: RwSignal<bool>, found: RwSignal<Option<Search>>) -> AnyView {
    match found.get() {
        None => view! { <p class="faint">"The last 4 MiB of each terminal are kept, also when it was closed."</p> }
            .into_any(),
        Some(Search::Asked) => view! { <p role="status"><Spinner/> "Searching…"</p> }.into_any(),
        Some(Search::Failed(problem)) => view! { <p role="alert">{problem.detail}</p> }.into_any(),
        Some(Search::Found(matches)) if matches.lines.is_empty() => {
            view! { <p>"No line holds that. Try a shorter part of it."</p> }.into_any()
        }
        Some(Search::Found(matches)) => {
            let more = matches.more.then(|| view! { <p class="faint">"There are more. Search for a longer part."</p> });
            let lines: Vec<_> = matches.lines.into_iter().map(|line| row(terminals, open, line)).collect();
            view! { <ul class="terminal-history__lines">{lines}</ul> {more} }.into_any()
        }
    }
}

/// A line, which leads to its terminal while that is open.
fn row(terminals: Terminals, open: RwSignal<bool>, line: TerminalLine) -> AnyView {
    let TerminalLine { terminal, name, closed, text, .. } = line;
    let go = move |_| {
        terminals.active.set(Some(terminal));
        open.set(false);
    };
    let place = if closed {
        view! { <span class="faint">{name} ", closed"</span> }.into_any()
    } else {
        view! {
            <button type="button" class="button button--small" on:click=go>
                {name}
            </button>
        }
        .into_any()
    };
    view! {
        <li class="terminal-history__line">
            <code>{text}</code>
            {place}
        </li>
    }
    .into_any()
}
