//! Something is going on.

use leptos::prelude::*;

/// A spinner. Hidden from screen readers: the text beside it says what is going on.
#[component]
pub fn Spinner() -> impl IntoView {
    view! { <span class="spinner" aria-hidden="true"></span> }
}
