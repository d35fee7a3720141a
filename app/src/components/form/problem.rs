//! What is wrong with a form, at the field that it is about.

use leptos::prelude::*;
use octobot_wire::Problem;

use crate::components::dynamic::dynamic;

/// What a problem says about one field.
pub fn about(problem: RwSignal<Option<Problem>>, field: &'static str) -> Signal<Option<String>> {
    Signal::derive(move || problem.with(|problem| problem.as_ref()?.about(field).map(str::to_owned)))
}

/// What a problem says that isn't about a field.
#[component]
pub fn OtherProblem(
    /// The problem.
    problem: RwSignal<Option<Problem>>,
) -> impl IntoView {
    dynamic(move || {
        let problem = problem.get().filter(|problem| problem.errors.is_empty())?;
        Some(view! { <p class="form__problem" role="alert">{problem.detail}</p> }.into_any())
    })
}
