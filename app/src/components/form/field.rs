//! A form field: a label, what is typed, a hint, and what is wrong with it.

use leptos::prelude::*;

use crate::components::dynamic::dynamic;

/// A field around an input that its caller makes. The input carries `id`, and `aria-describedby` with
/// [`description_id`] of it.
#[component]
pub fn Field(
    /// The input's id.
    id: &'static str,
    /// What it is for.
    label: &'static str,
    /// What to type.
    #[prop(optional)]
    hint: &'static str,
    /// What is wrong with it.
    #[prop(into)]
    error: Signal<Option<String>>,
    /// The input.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="field">
            <label class="field__label" for=id>
                {label}
            </label>
            {children()}
            <div class="field__description" id=description_id(id)>
                {dynamic(move || match error.get() {
                    Some(error) => view! { <p class="field__error" role="alert">{error}</p> }.into_any(),
                    None if hint.is_empty() => ().into_any(),
                    None => view! { <p class="field__hint">{hint}</p> }.into_any(),
                })}
            </div>
        </div>
    }
}

/// The id of the text that describes an input.
pub fn description_id(id: &str) -> String {
    format!("{id}-description")
}
