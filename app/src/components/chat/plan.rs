//! What an agent wants to do, and how far it is.

use leptos::prelude::*;
use octobot_wire::plan::{PlanEntry, PlanStatus};

use crate::components::dynamic::dynamic;
use crate::components::form::icon::{Glyph, Icon};
use crate::components::form::spinner::Spinner;

/// A plan.
#[component]
pub fn PlanView(
    /// The things to do.
    entries: Signal<Vec<PlanEntry>>,
) -> impl IntoView {
    let progress = move || {
        entries.with(|entries| {
            let done = entries.iter().filter(|entry| entry.status == PlanStatus::Completed).count();
            format!("Plan · {done} of {}", entries.len())
        })
    };
    let rows = move || entries.get().into_iter().map(row).collect::<Vec<_>>();
    view! {
        <section class="plan" aria-label="Plan">
            <p class="plan__title">{dynamic(progress)}</p>
            <ol class="plan__list">{dynamic(rows)}</ol>
        </section>
    }
}

fn row(entry: PlanEntry) -> AnyView {
    let (state, word, mark) = match entry.status {
        PlanStatus::Pending => ("next", "To do: ", view! { <Icon glyph=Glyph::Circle/> }.into_any()),
        PlanStatus::InProgress => ("now", "Now: ", view! { <Spinner/> }.into_any()),
        PlanStatus::Completed => ("done", "Done: ", view! { <Icon glyph=Glyph::Check/> }.into_any()),
    };
    view! {
        <li class="stage plan__row" data-state=state>
            {mark}
            <span>
                <span class="visually-hidden">{word}</span>
                {entry.content}
            </span>
        </li>
    }
    .into_any()
}
