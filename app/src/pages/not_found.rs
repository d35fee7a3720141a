//! Nothing here.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::Title;
use octobot_wire::{Problem, ProblemKind, ProjectId};

use crate::place::project_url;
use crate::ports::AnswerStatus;

/// A page for an address that leads nowhere. Its status is 404.
#[component]
pub fn NotFound(
    /// What isn't there.
    what: &'static str,
) -> impl IntoView {
    if let Some(status) = use_context::<Arc<dyn AnswerStatus>>() {
        status.set(404);
    }
    view! {
        <Title text="Not found"/>
        <div class="empty">
            <p class="empty__title">{format!("There is no such {what}")}</p>
            <p>"It may have been deleted, or the address may be mistyped."</p>
            <a class="button" href=project_url(&ProjectId::local())>
                "Go to the overview"
            </a>
        </div>
    }
    .into_any()
}

/// A page for data that couldn't be loaded.
#[component]
pub fn LoadFailed(
    /// What couldn't be loaded.
    what: &'static str,
    /// Why not.
    problem: Problem,
) -> impl IntoView {
    if problem.kind == ProblemKind::NotFound {
        return view! { <NotFound what/> }.into_any();
    }
    let reload = move |_| drop(window().location().reload());
    let request = problem.request_id.map(|id| view! { <p class="faint">"Request " <code>{id}</code></p> });
    view! {
        <div class="empty" role="alert">
            <p class="empty__title">{format!("The {what} couldn’t be loaded")}</p>
            <p>{problem.detail}</p>
            {request}
            <button type="button" class="button" on:click=reload>
                "Try again"
            </button>
        </div>
    }
    .into_any()
}
